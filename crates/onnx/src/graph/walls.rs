//! Values that everything flows through, found in one pass however long the graph is.
use super::flow::{Dependence, Flow};
use super::node::Node;
use super::{Graph, Index};
use std::collections::{BTreeSet, HashMap};

impl Graph {
    /// The values through which *all* dependence of `outputs` on the pixels flows, from the image up. Shapes of the image
    /// do not count.
    #[must_use]
    pub fn walls(&self, outputs: &[&str]) -> Vec<String> {
        let (index, flow) = (self.index(), self.flow());
        // In the order of a run; every one of them leads from the image to an output.
        let mut order: Vec<(usize, &str)> = below(&index, &flow, outputs)
            .into_iter()
            .map(|name| (index.maker(name).map_or(0, |node| node.index() + 1), name))
            .collect();
        order.sort_unstable();
        let ranks: HashMap<&str, usize> =
            order.iter().enumerate().map(|(rank, (_, name))| (*name, rank)).collect();
        // How many ways lead past each place: one begins (+1) behind a value and ends (-1) at its reader.
        let mut past = vec![0_i64; order.len() + 2];
        let mut way = |from: usize, to: usize| {
            if from < to {
                past[from] += 1;
                past[to] -= 1;
            }
        };
        for (rank, (_, name)) in order.iter().enumerate() {
            match index.maker(name) {
                Some(node) => {
                    for read in node.reads() {
                        if let Some(from) = ranks.get(read) {
                            way(from + 1, rank);
                        }
                    }
                }
                None => way(0, rank),
            }
            if outputs.contains(name) {
                way(rank + 1, order.len());
            }
        }
        let mut open = 0;
        let mut walls = Vec::new();
        for (rank, (_, name)) in order.iter().enumerate() {
            open += past[rank];
            if open == 0 {
                walls.push((*name).to_owned());
            }
        }
        walls
    }
}

impl Graph {
    /// Nodes of the longest chain of values that are computed of each other; inner graphs count with all their nodes.
    #[must_use]
    pub(crate) fn depth(&self) -> usize {
        let mut depths: HashMap<&str, usize> = HashMap::new();
        let mut deepest = 0;
        for node in self.nodes() {
            let below = node.reads().into_iter().filter_map(|name| depths.get(name)).max();
            let depth = below.copied().unwrap_or(0) + 1 + inner_nodes(&node);
            deepest = deepest.max(depth);
            for name in node.outputs() {
                depths.insert(name, depth);
            }
        }
        deepest
    }
}

fn inner_nodes(node: &Node<'_>) -> usize {
    node.subgraphs()
        .flat_map(|graph| graph.node.iter().enumerate())
        .map(|(index, proto)| 1 + inner_nodes(&Node::new(index, proto)))
        .sum()
}

/// Image-dependent values that `from` are computed from, themselves included.
pub(super) fn below<'a>(index: &Index<'a>, flow: &Flow<'_>, from: &[&'a str]) -> BTreeSet<&'a str> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = from.to_vec();
    while let Some(name) = open.pop() {
        if flow.of(name) != Dependence::Data || !seen.insert(name) {
            continue;
        }
        if let Some(node) = index.maker(name) {
            open.extend(node.reads());
        }
    }
    seen
}
