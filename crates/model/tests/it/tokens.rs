//! Token ids of CLIP's and SigLIP's tokenizers, held against transformers and sentencepiece.
use crate::support::{data, golden_json, golden_text};
use proptest::prelude::*;
use rightly_model::text::Tokenizer;
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::Path;

/// Merges of CLIP's vocabulary: lines 1 to 48,894 of its file.
const MERGES: usize = 49_152 - 256 - 2;
const SPLIT: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// CLIP's printable character for each byte, in the order of its vocabulary.
fn byte_symbols() -> Vec<char> {
    let shown: Vec<u32> = (33..127).chain(161..173).chain(174..256).collect();
    let hidden = (0..256_u32).filter(|byte| !shown.contains(byte)).count() as u32;
    shown
        .iter()
        .copied()
        .chain((0..hidden).map(|place| 256 + place))
        .map(|code| char::from_u32(code).unwrap())
        .collect()
}

/// CLIP's `tokenizer.json`, of its vocabulary file.
fn clip_json(vocabulary: &Path) -> Value {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(vocabulary).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let merges: Vec<&str> = text.lines().skip(1).take(MERGES).collect();
    let symbols: Vec<String> = byte_symbols().into_iter().map(String::from).collect();
    let names = symbols
        .iter()
        .cloned()
        .chain(symbols.iter().map(|symbol| format!("{symbol}</w>")))
        .chain(merges.iter().map(|pair| pair.replace(' ', "")))
        .chain(["<|startoftext|>".to_owned(), "<|endoftext|>".to_owned()]);
    let ids: Map<String, Value> =
        names.enumerate().map(|(id, name)| (name, Value::from(id))).collect();
    let special = |id: usize, name: &str| {
        json!({
            "id": id, "content": name, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true
        })
    };
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [special(49_406, "<|startoftext|>"), special(49_407, "<|endoftext|>")],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        ]},
        "post_processor": {
            "type": "RobertaProcessing", "sep": ["<|endoftext|>", 49_407],
            "cls": ["<|startoftext|>", 49_406], "trim_offsets": false, "add_prefix_space": false
        },
        "decoder": {
            "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true
        },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<|endoftext|>",
            "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false,
            "byte_fallback": false, "vocab": ids, "merges": merges
        },
    })
}

/// Every case of a golden file: its ids, then padding; decoded again.
fn check(tokenizer: &Tokenizer, golden: &Value) {
    let context = tokenizer.context();
    assert_eq!(u64::from(tokenizer.pad()), golden["pad"].as_u64().unwrap());
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 35, "{}", cases.len());
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let found = tokenizer.encode(text).unwrap();
        let ids: Vec<i64> =
            case["ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
        let mut padded = ids.clone();
        padded.resize(context, i64::from(tokenizer.pad()));
        assert_eq!(found.ids, padded, "{text:?}");
        let mask: Vec<i64> = (0..context).map(|at| i64::from(at < ids.len())).collect();
        assert_eq!(found.mask, mask, "{text:?}");
        let ids: Vec<u32> = ids.iter().map(|&id| id as u32).collect();
        let decoded = case["decoded"].as_str().unwrap();
        assert_eq!(tokenizer.decode(&ids).unwrap(), decoded.trim(), "{text:?}");
    }
}

#[test]
fn ids_are_those_of_clip() {
    let Some(vocabulary) = data("clip-tokenizer/bpe_simple_vocab_16e6.txt.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, clip_json(&vocabulary).to_string()).unwrap();
    let tokenizer = Tokenizer::open(&path).unwrap();
    assert_eq!((tokenizer.vocabulary(), tokenizer.stated_context()), (49_408, None));
    // What transformers writes beside it.
    std::fs::write(
        folder.path().join("tokenizer_config.json"),
        r#"{"model_max_length": 77, "pad_token": {"content": "<|endoftext|>"}}"#,
    )
    .unwrap();
    let tokenizer = Tokenizer::open(&path).unwrap();
    let context = tokenizer.stated_context().unwrap();
    let tokenizer = tokenizer.with_context(context, None).unwrap();
    check(&tokenizer, &golden_json("clip-ids.json"));
    let known = tokenizer.encode("a photo of a cat").unwrap();
    assert_eq!(&known.ids[..8], [49_406, 320, 1125, 539, 320, 2368, 49_407, 49_407]);
}

#[test]
fn ids_are_those_of_sentencepiece() {
    let tokenizer = Tokenizer::open(&golden_text("siglip.tokenizer.json")).unwrap();
    assert_eq!(tokenizer.stated_context(), Some(64));
    let tokenizer = tokenizer.with_context(64, None).unwrap();
    check(&tokenizer, &golden_json("siglip-ids.json"));
}

fn small(name: &str, context: usize) -> Tokenizer {
    Tokenizer::open(&golden_text(name)).unwrap().with_context(context, None).unwrap()
}

#[test]
fn long_texts_are_cut_and_empty_ones_are_marks() {
    for name in ["clip/tokenizer.json", "siglip.tokenizer.json", "blip/tokenizer.json"] {
        let tokenizer = small(name, 20);
        let words = "many words ".repeat(5_000);
        let long = tokenizer.encode(&words).unwrap();
        assert_eq!((long.ids.len(), long.mask.iter().sum::<i64>()), (20, 20), "{name}");
        let empty = tokenizer.encode("").unwrap();
        assert_eq!(empty.ids.len(), 20, "{name}");
        assert!(empty.mask.iter().sum::<i64>() <= 2, "{name}");
        // The mark of the end stands at the end of the longest texts as well.
        let last = empty.mask.iter().sum::<i64>() as usize - 1;
        assert_eq!(long.ids[19], empty.ids[last], "{name}");
    }
}

#[test]
fn what_is_no_tokenizer_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let message = |path: &Path| Tokenizer::open(path).unwrap_err().to_string();
    assert!(message(&path).contains("tokenizer.json"), "{}", message(&path));
    for text in ["", "no JSON", "{}", "[1, 2]", r#"{"model": {"type": "BPE"}}"#] {
        std::fs::write(&path, text).unwrap();
        assert!(message(&path).contains("this is no tokenizer"), "{}", message(&path));
    }
    let tokenizer = Tokenizer::open(&golden_text("clip/tokenizer.json")).unwrap();
    assert!(tokenizer.encode("a").unwrap_err().to_string().contains("no context"));
    for context in [0, 1, 2, 1 << 20] {
        let error = tokenizer.clone().with_context(context, None).unwrap_err().to_string();
        assert!(error.contains("2 marks"), "{error}");
    }
    let error = tokenizer.with_context(9, Some("[none]")).unwrap_err().to_string();
    assert!(error.contains("pad = '[none]'"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_the_length_of_the_context(text in any::<String>(), context in 3_usize..90) {
        for name in ["clip/tokenizer.json", "siglip.tokenizer.json", "vit-gpt2/tokenizer.json", "blip/tokenizer.json"] {
            let tokenizer = small(name, context);
            let tokens = tokenizer.encode(&text).unwrap();
            prop_assert_eq!(tokens.ids.len(), context);
            prop_assert_eq!(tokens.mask.len(), context);
            let size = tokenizer.vocabulary() as i64;
            prop_assert!(tokens.ids.iter().all(|id| (0..size).contains(id)));
            let ids: Vec<u32> = tokens.ids.iter().map(|&id| id as u32).collect();
            tokenizer.decode(&ids).unwrap();
        }
    }
}
