"""Small seeded classifiers of each family as ONNX, and their GradCAM by PyTorch autograd.

    python make.py            # writes NAME.onnx and NAME.json beside this file

For each model the JSON states: where the CAM layer is (`layer`, a value of the ONNX graph, found by comparing values), the
layout of its positions, the target, the layer's gradient weights and the map at the layer's resolution by the
convention of pytorch-grad-cam (weights = mean of the gradient over positions; ReLU of the weighted sum over channels;
minus minimum, over maximum + 1e-7), checked here against the pytorch-grad-cam package itself, and the EigenCAM by SVD.

Input: x[c, i, j] = sin(0.7 i + 0.3 c) * cos(0.5 j - 0.2 c) + 0.1 * sin(0.05 * i * j + c), in float32 from float64.
"""
import importlib.metadata as meta
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import shape_inference
from torch import nn

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
VERSIONS = {name: meta.version(name) for name in
            ["torch", "torchvision", "timm", "onnx", "onnxruntime", "grad-cam", "numpy"]}


def image(h, w):
    c, i, j = np.meshgrid(np.arange(3), np.arange(h), np.arange(w), indexing="ij")
    x = np.sin(0.7 * i + 0.3 * c) * np.cos(0.5 * j - 0.2 * c) + 0.1 * np.sin(0.05 * i * j + c)
    return torch.from_numpy(x.astype(np.float32))[None]


def settle(model, size, steps=3):
    """Random weights of ordinary size, batch statistics that fit the data, then evaluation."""
    g = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim >= 2:
                fan = p[0].numel()
                p.copy_(torch.randn(p.shape, generator=g) * (1.5 / max(fan, 1)) ** 0.5)
            else:
                p.add_(torch.randn(p.shape, generator=g) * 0.1)
        model.train()
        for m in model.modules():
            if isinstance(m, nn.Dropout) or type(m).__name__ in ("DropPath", "StochasticDepth"):
                m.eval()
        for k in range(steps):
            x = torch.cat([image(*size) * s + b for s, b in [(1, 0), (0.7, 0.2), (1.2, -0.1), (-1, 0.1)]])
            if any(isinstance(m, nn.BatchNorm2d) for m in model.modules()):
                model(x)
    return model.eval()


def resnet_basic():
    from torchvision.models.resnet import BasicBlock, ResNet
    m = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10)
    return slim(m, 12), "layer4", (48, 64)


def slim(model, base):
    """torchvision's ResNet with a narrower trunk."""
    from torchvision.models.resnet import ResNet

    class Slim(ResNet):
        pass

    block = type(model.layer1[0])
    narrow = Slim.__new__(Slim)
    nn.Module.__init__(narrow)
    narrow._norm_layer, narrow.inplanes, narrow.dilation = nn.BatchNorm2d, base, 1
    narrow.groups, narrow.base_width = 1, 64
    narrow.conv1 = nn.Conv2d(3, base, 7, 2, 3, bias=False)
    narrow.bn1, narrow.relu, narrow.maxpool = nn.BatchNorm2d(base), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)
    small = block.expansion == 4
    sizes = [base // 2, base // 2, base, base] if small else [base, base, 2 * base, 2 * base]
    for k, (width, stride) in enumerate(zip(sizes, [1, 2, 2, 1])):
        setattr(narrow, f"layer{k + 1}", narrow._make_layer(block, width, 1, stride))
    narrow.avgpool, narrow.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(sizes[-1] * block.expansion, 10)
    return narrow


def resnet_bottleneck():
    from torchvision.models.resnet import Bottleneck, ResNet
    return slim(ResNet(Bottleneck, [1, 1, 1, 1], num_classes=10), 16), "layer4", (64, 64)


def mobilenet_v2():
    from torchvision.models import MobileNetV2
    m = MobileNetV2(num_classes=10, width_mult=0.1, round_nearest=4,
                    inverted_residual_setting=[[1, 8, 1, 1], [4, 80, 1, 2], [4, 80, 2, 2]])
    m.features[-1][0] = nn.Conv2d(m.features[-2].out_channels, 64, 1, bias=False)
    m.features[-1][1] = nn.BatchNorm2d(64)
    m.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(64, 10))
    return m, "features", (48, 48)


def mobilenet_v3():
    import timm
    m = timm.create_model("mobilenetv3_small_050", num_classes=10, pretrained=False)
    m.blocks = nn.Sequential(*list(m.blocks[:2]))
    c = 16
    m.conv_head = nn.Conv2d(c, 40, 1)
    m.classifier = nn.Linear(40, 10)
    return m, "blocks", (48, 48)


def efficientnet():
    from timm.models.efficientnet import EfficientNet, decode_arch_def
    m = EfficientNet(decode_arch_def([["ds_r1_k3_s1_e1_c8_se0.25"], ["ir_r1_k3_s2_e4_c12_se0.25"], ["ir_r2_k5_s2_e4_c16_se0.25"]]),
                     num_classes=10, num_features=48, stem_size=8, act_layer=nn.SiLU)
    return m, "bn2", (48, 48)


class Squeeze(nn.Module):
    """SqueezeNet's head: a convolution gives the class maps, ReLU, mean."""

    def __init__(self):
        super().__init__()
        from torchvision.models.squeezenet import Fire
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
                                      Fire(16, 8, 12, 12), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(24, 8, 16, 16))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(32, 10, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return torch.flatten(self.classifier(self.features(x)), 1)


def squeezenet():
    return Squeeze(), "features", (64, 64)


def convnext():
    from timm.models.convnext import ConvNeXt
    m = ConvNeXt(num_classes=10, depths=(1, 1, 1, 1), dims=(8, 12, 16, 24))
    for s in m.stages:
        for b in s.blocks:
            b.gamma.data.fill_(0.7)
    return m, "stages.3", (64, 96)


def convnext_tv():
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt
    m = ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, 24, 1), CNBlockConfig(24, None, 1)], num_classes=10,
                 layer_scale=0.7)
    return m, "features", (64, 64)


def vit():
    from timm.models.vision_transformer import VisionTransformer
    return VisionTransformer(img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=10), "blocks.1.norm1", (32, 32)


def vit_tv():
    from torchvision.models import VisionTransformer
    return VisionTransformer(32, 8, 2, 2, 24, 48, num_classes=10), "encoder.layers.encoder_layer_1.ln_1", (32, 32)


def deit_distilled():
    from timm.models.deit import VisionTransformerDistilled
    return VisionTransformerDistilled(img_size=(32, 48), patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=10), "blocks.1.norm1", (32, 48)


def swin():
    from timm.models.swin_transformer import SwinTransformer
    return SwinTransformer(img_size=32, patch_size=4, embed_dim=12, depths=(2,), num_heads=(2,), window_size=4,
                           num_classes=10), "layers.0.blocks.1.norm1", (32, 32)


def swin_tv():
    from torchvision.models import SwinTransformer
    return SwinTransformer([4, 4], 12, [2, 2], [2, 3], [4, 4], num_classes=10), "features.3.1.norm1", (64, 64)


MODELS = {
    # name: (builder, layout or the number of prefix tokens, exporter, opset)
    "resnet-basic": (resnet_basic, "nchw", "legacy", 11),
    "resnet-bottleneck": (resnet_bottleneck, "nchw", "dynamo", 18),
    "mobilenet-v2": (mobilenet_v2, "nchw", "legacy", 13),
    "mobilenet-v3": (mobilenet_v3, "nchw", "legacy", 14),
    "efficientnet": (efficientnet, "nchw", "legacy", 16),
    "squeezenet": (squeezenet, "nchw", "legacy", 12),
    "convnext": (convnext, "nchw", "dynamo", 18),
    "convnext-tv": (convnext_tv, "nchw", "legacy", 17),
    "vit": (vit, 1, "dynamo", 18),
    "vit-tv": (vit_tv, 1, "legacy", 17),
    "vit-legacy": (vit, 1, "legacy", 14),
    "deit-distilled": (deit_distilled, 2, "legacy", 15),
    "swin": (swin, "nhwc", "legacy", 16),
    "swin-tv": (swin_tv, "nhwc", "dynamo", 18),
}


def export(model, x, path, exporter, opset):
    args = dict(input_names=["image"], output_names=["logits"], opset_version=opset)
    if exporter == "dynamo":
        torch.onnx.export(model, (x,), str(path), dynamo=True, external_data=False, verbose=False, **args)
    else:
        torch.onnx.export(model, (x,), str(path), dynamo=False, dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, **args)
    m = onnx.load(str(path))
    for node in m.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del m.graph.metadata_props[:]
    del m.metadata_props[:]
    del m.functions[:]
    for v in list(m.graph.value_info) + list(m.graph.input) + list(m.graph.output):
        del v.metadata_props[:]
    for t in m.graph.initializer:
        del t.metadata_props[:]
        t.doc_string = ""
    onnx.save(m, str(path))
    return m


def find_layer(m, path, x, value):
    """Names of the values of the ONNX graph that equal the layer's, in the graph's order."""
    full = onnx.ModelProto()
    full.CopyFrom(m)
    known = {o.name for o in full.graph.output}
    names = [o for n in full.graph.node for o in n.output if o]
    inferred = shape_inference.infer_shapes(full)
    types = {v.name: v for v in inferred.graph.value_info}
    for name in names:
        if name not in known and name in types and types[name].type.tensor_type.elem_type == 1:
            full.graph.output.append(types[name])
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(full.SerializeToString(), options)
    outs = [o.name for o in session.get_outputs()]
    values = dict(zip(outs, session.run(None, {"image": x.numpy()})))
    return [n for n in names if n in values and values[n].shape == value.shape and np.abs(values[n] - value).max() < 1e-4], values["logits"]


def main(only):
    for name, (build, layout, exporter, opset) in MODELS.items():
        if only and name not in only:
            continue
        torch.manual_seed(3)
        model, layer, size = build()
        model = settle(model, size)
        x = image(*size)
        module = dict(model.named_modules())[layer]
        kept = {}
        hook = module.register_forward_hook(lambda m, i, o: kept.update(value=o))
        logits = model(x)
        hook.remove()
        value = kept["value"]
        target = int(logits[0].argsort()[-2])
        gradient, = torch.autograd.grad(logits[0, target], value)
        with torch.no_grad():
            if isinstance(layout, int):
                stride = 8
                grid = [size[0] // stride, size[1] // stride]
                def by_channel(t):
                    return t[0, layout:].T.reshape(t.shape[-1], *grid)
            elif layout == "nhwc":
                grid = list(value.shape[1:3])
                def by_channel(t):
                    return t[0].permute(2, 0, 1)
            else:
                grid = list(value.shape[2:])
                def by_channel(t):
                    return t[0]
            weights = by_channel(gradient).double().mean(dim=(1, 2))
            cam = (weights[:, None, None] * by_channel(value).double()).sum(0).clamp(min=0)
            assert cam.max() > 0, name
            cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-7)
        eigen = principal(by_channel(value.detach()).double().numpy())
        check(model, module, x, target, cam, by_channel)
        path = HERE / f"{name}.onnx"
        m = export(model, x, path, exporter, opset)
        names, ort_logits = find_layer(m, path, x, value.detach().numpy())
        assert np.abs(ort_logits - logits.detach().numpy()).max() < 1e-3, name
        assert names, f"{name}: the layer's value is not in the graph"
        golden = {
            "model": f"{build.__name__}, {exporter} exporter, opset {opset}",
            "input": "x[c,i,j] = sin(0.7 i + 0.3 c) cos(0.5 j - 0.2 c) + 0.1 sin(0.05 i j + c)",
            "size": list(size),
            "module": layer,
            "layer": names[0],
            "same_value": names,
            "layout": layout if isinstance(layout, str) else {"prefix": layout},
            "grid": grid,
            "target": target,
            "logits": [round(float(v), 6) for v in logits[0]],
            "weights": [float(f"{float(v):.7g}") for v in weights],
            "cam": [float(f"{float(v):.7g}") for v in cam.flatten()],
            "eigen": [float(f"{float(v):.7g}") for v in eigen],
            "tolerance": 1e-4,
            "versions": VERSIONS,
        }
        (HERE / f"{name}.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, path.stat().st_size, names, grid, sorted({n.op_type for n in m.graph.node}))


def principal(value):
    """EigenCAM: positions projected on the first principal component, on the side of the mean activation, scaled."""
    x = value.reshape(len(value), -1)
    x = x - x.mean(axis=1, keepdims=True)
    _, s, vt = np.linalg.svd(x, full_matrices=False)
    v = s[0] * vt[0]
    v = np.maximum(v * np.sign(x.sum(axis=0) @ v), 0)
    return (v - v.min()) / (v.max() - v.min() + 1e-7)


def check(model, module, x, target, cam, by_channel):
    """The package's own map, upsampled as it does, agrees with ours."""
    import cv2
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    def transform(t):
        return torch.stack([by_channel(t[k:k + 1]) for k in range(len(t))])

    with GradCAM(model=model, target_layers=[module], reshape_transform=transform) as package:
        theirs = package(input_tensor=x.clone(), targets=[ClassifierOutputTarget(target)])[0]
    ours = cv2.resize(cam.numpy().astype(np.float32), (x.shape[3], x.shape[2]))
    ours = (ours - ours.min()) / (ours.max() - ours.min())
    assert np.abs(ours - theirs).max() < 1e-3, np.abs(ours - theirs).max()


if __name__ == "__main__":
    main(sys.argv[1:])
