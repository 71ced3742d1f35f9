#!/usr/bin/env python3
"""Small seeded models of text and images as ONNX, with what PyTorch and transformers make of them.

    python crates/model/tests/golden/text/make.py            # writes beside itself

| folder | what |
|---|---|
| `clip` | two towers of CLIP's kind: `pixel_values` -> `image_embeds`; `input_ids`, `attention_mask` -> `text_embeds` |
| `siglip` | two towers of SigLIP's kind: `pooler_output` of both, no attention mask, padded texts (`siglip.tokenizer.json`) |
| `vit-gpt2` | encoder; decoder without, with and with both kinds of stored keys (`merged`, by `If`) |
| `blip` | encoder; decoder without stored keys, with attention masks |

`golden.json` of each folder holds embeddings, or the ids of greedy search and of beams. Needs torch, transformers and
onnx; reference/token_ids.py has to have written `siglip.tokenizer.json` before.
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import torch
import transformers
from onnx import TensorProto, helper
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
SIZE = 16
OPSET = 17
START, END = "<|startoftext|>", "<|endoftext|>"
TEXTS = [
    "a photo of a cat",
    "a photo of a dog, sitting on grass",
    "",
    "THE SMALL BIRD",
    "caf\u00e9 \U0001f600 \u65e5\u672c",
    " ".join(["many words"] * 200),
]
CORPUS = [
    f"a {kind} of {thing} {place}"
    for kind in ("photo", "picture", "small drawing")
    for thing in ("a cat", "two dogs", "the bird", "many horses", "one person")
    for place in ("on grass", "in water", "at night", "with snow", "under the sky")
]


def wave(number):
    """Picture `number`: value `at` of `[3, H, W]` is sin((0.37 + 0.11 number) at), as the tests make it."""
    return torch.tensor(
        np.sin((0.37 + 0.11 * number) * np.arange(3 * SIZE * SIZE)).astype(np.float32).reshape(1, 3, SIZE, SIZE)
    )


def spread(model, factor):
    """Weights large enough that texts and pictures differ."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(factor)
    return model.eval()


class Part(torch.nn.Module):
    """A function of a model as a module."""

    def __init__(self, model, function):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, *inputs):
        return self.function(self.model, *inputs)


def export(model, function, inputs, outputs, path, fixed=()):
    """`inputs`: name -> (value, names of its open dimensions)."""
    axes = {name: open_dims for name, (_, open_dims) in inputs.items() if name not in fixed}
    axes.update({name: dims for name, dims in outputs.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Part(model, function).eval(),
            tuple(value for value, _ in inputs.values()),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
        )
    graph = onnx.load(str(path))
    for node in graph.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del graph.graph.value_info[:]
    shorten(graph.graph)
    onnx.save(graph, str(path))
    return graph


def shorten(graph):
    """Short names for inner values and weights: the exporter's are most of a small file."""
    short = {value.name: value.name for value in (*graph.input, *graph.output)}
    for tensor in graph.initializer:
        tensor.name = short.setdefault(tensor.name, f"w{len(short)}")
    for place, node in enumerate(graph.node):
        node.name = f"{node.op_type}{place}"
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                names[at] = name and short.setdefault(name, f"v{len(short)}")


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def versions():
    return {m.__name__: m.__version__ for m in (torch, transformers, onnx)}


def clip_tokenizer():
    """CLIP's form with few merges of our own."""
    tokenizer = transformers.CLIPTokenizer(vocab={START: 0, END: 1}, merges=[]).backend_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = tokenizer.pre_tokenizer
    learner.train_from_iterator(CORPUS, trainer)
    learned = json.loads(learner.to_str())["model"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = alphabet + [letter + "</w>" for letter in alphabet]
    names += ["".join(pair) for pair in learned["merges"]] + [START, END]
    names = list(dict.fromkeys(names))
    return transformers.CLIPTokenizer(
        vocab={name: place for place, name in enumerate(names)},
        merges=[tuple(pair) for pair in learned["merges"]],
        model_max_length=20,
    )


def clip(folder):
    tokenizer = clip_tokenizer()
    ends = tokenizer.eos_token_id
    config = transformers.CLIPConfig(
        text_config=dict(
            vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=20, bos_token_id=tokenizer.bos_token_id, eos_token_id=ends, pad_token_id=ends,
        ),
        vision_config=dict(
            hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=SIZE, patch_size=8,
        ),
        projection_dim=12,
        attn_implementation="eager",
    )
    torch.manual_seed(1)
    model = spread(transformers.CLIPModel(config), 6.0)
    folder.mkdir(exist_ok=True)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    (folder / "tokenizer.json").write_text(tokenizer.backend_tokenizer.to_str())
    write(folder / "tokenizer_config.json", {"model_max_length": 20, "pad_token": END, "tokenizer_class": "CLIPTokenizer"})
    batch = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=20, return_tensors="pt")
    with torch.no_grad():
        texts = model.get_text_features(**batch).pooler_output
        images = torch.cat([model.get_image_features(pixel_values=wave(n)).pooler_output for n in range(3)])

    def text(model, ids, mask):
        out = model.text_model(input_ids=ids, attention_mask=mask)
        return model.text_projection(out.pooler_output)

    def vision(model, pixels):
        return model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)

    ids = {"input_ids": (batch["input_ids"][:2], {0: "batch", 1: "sequence"}), "attention_mask": (batch["attention_mask"][:2], {0: "batch", 1: "sequence"})}
    export(model, text, ids, {"text_embeds": {0: "batch"}}, folder / "text_model.onnx")
    pixels = {"pixel_values": (wave(0), {0: "batch", 2: "height", 3: "width"})}
    export(model, vision, pixels, {"image_embeds": {0: "batch"}}, folder / "vision_model.onnx")
    return golden_embeddings(folder, batch["input_ids"], texts, images)


def golden_embeddings(folder, ids, texts, images):
    unit = torch.nn.functional.normalize
    write(folder / "golden.json", {
        "versions": versions(), "texts": TEXTS, "ids": ids.tolist(),
        "text_embeds": unit(texts).tolist(), "image_embeds": unit(images).tolist(), "raw_image": images[0].tolist(),
    })


def siglip(folder):
    tokenizer = Tokenizer.from_file(str(HERE / "siglip.tokenizer.json"))
    context = 64
    config = transformers.SiglipConfig(
        text_config=dict(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
            num_attention_heads=2, max_position_embeddings=context, projection_size=16,
            bos_token_id=0, eos_token_id=1, pad_token_id=1,
        ),
        vision_config=dict(
            hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=SIZE, patch_size=8,
        ),
        attn_implementation="eager",
    )
    torch.manual_seed(2)
    model = spread(transformers.SiglipModel(config), 2.0)
    folder.mkdir(exist_ok=True)
    ids = torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(TEXTS)])
    with torch.no_grad():
        texts = model.text_model(input_ids=ids).pooler_output
        images = torch.cat([model.vision_model(pixel_values=wave(n)).pooler_output for n in range(3)])

    def text(model, ids):
        out = model.text_model(input_ids=ids)
        return out.last_hidden_state, out.pooler_output

    def vision(model, pixels):
        out = model.vision_model(pixel_values=pixels)
        return out.last_hidden_state, out.pooler_output

    outputs = {"last_hidden_state": {0: "batch"}, "pooler_output": {0: "batch"}}
    export(model, text, {"input_ids": (ids[:2], {0: "batch"})}, outputs, folder / "text_model.onnx")
    export(model, vision, {"pixel_values": (wave(0), {0: "batch"})}, outputs, folder / "vision_model.onnx")
    write(folder / "preprocessor_config.json", {
        "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "image_processor_type": "SiglipImageProcessor", "resample": 3, "rescale_factor": 1 / 255,
        "size": {"height": SIZE, "width": SIZE},
    })
    return golden_embeddings(folder, ids, texts, images)


def caption_tokenizer(folder):
    """GPT-2's form: byte pairs with the blank in front, one special token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=120, special_tokens=[END], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    return tokenizer


def search(model, tokenizer, pictures, lengths, beams, **options):
    """What `generate` gives: picture by picture, with the score of the best beam."""
    cases = []
    for number in range(pictures):
        for length in lengths:
            for width in beams:
                with torch.no_grad():
                    out = model.generate(
                        pixel_values=wave(number), num_beams=width, max_length=length, do_sample=False,
                        return_dict_in_generate=True, output_scores=True, **options,
                    )
                ids = out.sequences[0].tolist()
                score = out.sequences_scores[0].item() if width > 1 else None
                cases.append({
                    "picture": number, "beams": width, "max_length": length, "ids": ids, "score": score,
                    "text": tokenizer.decode(ids, skip_special_tokens=True),
                })
    return cases


def past(values):
    """Stored keys and values, layer by layer, as a flat list."""
    return [tensor for layer in values.self_attention_cache.layers for tensor in (layer.keys, layer.values)]


def cache(tensors):
    stored = transformers.DynamicCache()
    for layer in range(len(tensors) // 2):
        stored.update(tensors[2 * layer], tensors[2 * layer + 1], layer)
    return transformers.EncoderDecoderCache(stored, transformers.DynamicCache())


def merge(first, later, path):
    """One graph of both, chosen by `use_cache_branch`, with the weights outside, as exporters merge them."""
    names, weights = {}, {}
    for number, model in enumerate((first, later)):
        for tensor in model.graph.initializer:
            key = (tuple(tensor.dims), tensor.data_type, tensor.raw_data)
            weights.setdefault(key, tensor)
            names[number, tensor.name] = weights[key].name
    branches = []
    for number, model in enumerate((first, later)):
        kept = {output.name for output in model.graph.output} | {i.name for i in later.graph.input}
        kept |= {i.name for i in first.graph.input}
        for node in model.graph.node:
            for place, name in enumerate(node.input):
                node.input[place] = names.get((number, name), name if name in kept or not name else f"{name}.{number}")
            for place, name in enumerate(node.output):
                node.output[place] = name if name in kept else f"{name}.{number}"
            node.name = f"{node.name}.{number}"
        branches.append(helper.make_graph(list(model.graph.node), f"branch{number}", [], list(model.graph.output)))
    outputs = [output.name for output in first.graph.output]
    choose = helper.make_node("If", ["use_cache_branch"], outputs, then_branch=branches[1], else_branch=branches[0])
    flag = helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])
    used = {names[key] for key in names}
    graph = helper.make_graph(
        [choose], "merged", [*later.graph.input, flag], list(first.graph.output),
        [tensor for tensor in weights.values() if tensor.name in used],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8), str(path))


# Ids that end a caption of `vit-gpt2`: ordinary tokens that its random weights come upon.
ENDS = [27, 62]


def vit_gpt2(folder):
    folder.mkdir(exist_ok=True)
    tokenizer = caption_tokenizer(folder)
    end = tokenizer.token_to_id(END)
    layers = 2
    encoder = transformers.ViTConfig(
        hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=SIZE, patch_size=8,
    )
    decoder = transformers.GPT2Config(
        vocab_size=tokenizer.get_vocab_size(), n_positions=32, n_embd=8, n_layer=layers, n_head=2, n_inner=16,
        add_cross_attention=True, is_decoder=True, bos_token_id=end, eos_token_id=end,
    )
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id = config.eos_token_id = config.pad_token_id = end
    config._attn_implementation = "eager"
    torch.manual_seed(5)
    model = spread(transformers.VisionEncoderDecoderModel(config=config), 12.0)
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=end, eos_token_id=ENDS, pad_token_id=end, bos_token_id=end, max_length=12, num_beams=4,
    )
    model.generation_config.save_pretrained(folder)
    write(folder / "config.json", {"model_type": "vision-encoder-decoder", "decoder_start_token_id": end, "pad_token_id": end})
    write(folder / "preprocessor_config.json", {
        "do_normalize": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 2, "size": SIZE,
        "feature_extractor_type": "ViTFeatureExtractor",
    })
    hidden = torch.randn(2, 5, 8)
    ids = torch.tensor([[end, 3, 4], [end, 5, 6]])

    def encode(model, pixels):
        return model.encoder(pixel_values=pixels).last_hidden_state

    def decode(model, ids, hidden, *stored):
        out = model.decoder(
            input_ids=ids, encoder_hidden_states=hidden, past_key_values=cache(stored) if stored else None, use_cache=True
        )
        return out.logits, *past(out.past_key_values)

    pixels = {"pixel_values": (wave(0), {0: "batch"})}
    export(model, encode, pixels, {"last_hidden_state": {0: "batch"}}, folder / "encoder_model.onnx")
    names = [f"{layer}.{kind}" for layer in range(layers) for kind in ("key", "value")]
    outputs = {"logits": {0: "batch", 1: "sequence"}, **{f"present.{name}": {0: "batch", 2: "total"} for name in names}}
    inputs = {"input_ids": (ids, {0: "batch", 1: "sequence"}), "encoder_hidden_states": (hidden, {0: "batch", 1: "tokens"})}
    first = export(model, decode, inputs, outputs, folder / "decoder_model.onnx")
    stored = {f"past_key_values.{name}": (torch.randn(2, 2, 3, 4), {0: "batch", 2: "past"}) for name in names}
    inputs["input_ids"] = (ids[:, :1], {0: "batch", 1: "sequence"})
    later = export(model, decode, {**inputs, **stored}, outputs, folder / "decoder_with_past_model.onnx")
    merge(first, later, folder / "decoder_model_merged.onnx")
    cases = search(model, tokenizer, 6, (6, 14), (1, 4))
    write(folder / "golden.json", {"versions": versions(), "cases": cases})


def blip(folder):
    folder.mkdir(exist_ok=True)
    words = sorted({word for text in CORPUS for word in text.split()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]", *words, *(f"##{part}" for part in ("s", "es", "ing", "y"))]
    tokenizer = Tokenizer(models.WordPiece({word: place for place, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(vocabulary[:5])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = transformers.BlipConfig(
        text_config=dict(
            vocab_size=len(vocabulary), hidden_size=16, encoder_hidden_size=16, intermediate_size=24, num_hidden_layers=1,
            num_attention_heads=2, max_position_embeddings=32, projection_dim=16, bos_token_id=4, eos_token_id=2,
            pad_token_id=0, sep_token_id=3,
        ),
        vision_config=dict(
            initializer_range=0.02, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, image_size=SIZE, patch_size=8,
        ),
        projection_dim=16,
        attn_implementation="eager",
    )
    torch.manual_seed(3)
    model = spread(transformers.BlipForConditionalGeneration(config), 8.0)
    with torch.no_grad():
        # Some captions shall end before they are cut, and differ.
        model.text_decoder.cls.predictions.bias[3] += 0.5
        model.vision_model.post_layernorm.weight *= 4
    write(folder / "config.json", {
        "model_type": "blip", "text_config": {"bos_token_id": 4, "eos_token_id": 2, "pad_token_id": 0, "sep_token_id": 3},
    })
    write(folder / "generation_config.json", {"bos_token_id": 4, "eos_token_id": 2, "pad_token_id": 0, "max_length": 12})
    mask = torch.ones(2, 5, dtype=torch.int64)
    ids = torch.tensor([[4, 6, 7], [4, 8, 9]])

    def encode(model, pixels):
        return model.vision_model(pixel_values=pixels).last_hidden_state

    def decode(model, ids, ids_mask, hidden, mask):
        return model.text_decoder(
            input_ids=ids, attention_mask=ids_mask, encoder_hidden_states=hidden, encoder_attention_mask=mask, use_cache=False
        ).logits

    pixels = {"pixel_values": (wave(0), {0: "batch"})}
    export(model, encode, pixels, {"last_hidden_state": {0: "batch"}}, folder / "encoder_model.onnx")
    inputs = {
        "input_ids": (ids, {0: "batch", 1: "sequence"}),
        "attention_mask": (torch.ones_like(ids), {0: "batch", 1: "sequence"}),
        "encoder_hidden_states": (torch.randn(2, 5, 16), {0: "batch", 1: "tokens"}),
        "encoder_attention_mask": (mask, {0: "batch", 1: "tokens"}),
    }
    export(model, decode, inputs, {"logits": {0: "batch", 1: "sequence"}}, folder / "decoder_model.onnx")
    cases = search(model, tokenizer, 6, (6, 14), (1, 4))
    write(folder / "golden.json", {"versions": versions(), "cases": cases})


if __name__ == "__main__":
    names = sys.argv[1:] or ["clip", "siglip", "vit_gpt2", "blip"]
    for name in names:
        globals()[name](HERE / name.replace("_", "-"))
