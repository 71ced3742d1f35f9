//! How gradients go back through [`ConvNormOps::conv_norm`].
use super::{Back, ConvNormBack, ConvNormOps, ConvNormed, Saved, Settings, Shortcut};
use burn::backend::Autodiff;
use burn::backend::AutodiffBackend;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

/// The step's parents are x, weight, gamma, beta and the shortcut (an untracked stand-in where there is none).
#[derive(Debug)]
struct ConvNormBackward;

impl<B: ConvNormBack> Backward<B, 5> for ConvNormBackward {
    type State = Saved<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 5>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [x, weight, gamma, beta, shortcut] = ops.parents;
        let grad = grads.consume::<B>(&ops.node);
        let wanted = [x.is_some(), shortcut.is_some()];
        let back: Back<B> = B::conv_norm_back(ops.state, grad, wanted);
        let all = [
            (x, back.x),
            (weight, Some(back.weight)),
            (gamma, Some(back.gamma)),
            (beta, Some(back.beta)),
            (shortcut, back.shortcut),
        ];
        for (node, grad) in all {
            if let (Some(node), Some(grad)) = (node, grad) {
                grads.register::<B>(node.id, grad);
            }
        }
    }
}

impl<B: ConvNormBack, C: CheckpointStrategy> ConvNormOps for Autodiff<B, C> {
    fn conv_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        shortcut: Shortcut<Self>,
        settings: Settings,
    ) -> ConvNormed<Self> {
        let untracked = <Self as AutodiffBackend>::from_inner;
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let (shortcut, shortcut_node) = match shortcut {
            Shortcut::Add(shortcut) => {
                let (shortcut, node) = shortcut.into_parts();
                (Shortcut::Add(shortcut), node)
            }
            Shortcut::None => (Shortcut::None, untracked(beta.clone()).node()),
        };
        let nodes = [x_node, weight_node, gamma_node, beta_node, shortcut_node];
        let normed =
            B::conv_norm(x.clone(), weight.clone(), gamma.clone(), beta, shortcut, settings);
        let ConvNormed { out, conv, mean, variance } = normed.clone();
        let out = match ConvNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish(Saved { x, weight, gamma, normed, settings }, out)
            }
            OpsKind::UnTracked(prep) => prep.finish(out),
        };
        ConvNormed {
            out,
            conv: untracked(conv),
            mean: untracked(mean),
            variance: untracked(variance),
        }
    }
}
