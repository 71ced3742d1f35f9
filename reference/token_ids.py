#!/usr/bin/env python3
"""Golden token ids of rightly_model::text: CLIP's byte pairs and a small SentencePiece unigram model of SigLIP's form.

    python reference/token_ids.py --vocabulary $DATA/clip-tokenizer/bpe_simple_vocab_16e6.txt.gz \
        --out crates/model/tests/golden/text

writes `clip-ids.json` (ids of transformers' CLIPTokenizer, truncated to the context, not padded; a plain byte-pair
encoder written here from its definition has to agree), and `siglip.tokenizer.json` with `siglip-ids.json`: a unigram
model trained on the sentences below, whose ids the sentencepiece library has to give as well.
"""

import argparse
import gzip
import html
import json
import pathlib
import re
import string
import tempfile
import unicodedata

import ftfy
import regex
import sentencepiece
import tokenizers
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

CLIP_CONTEXT, SIGLIP_CONTEXT = 77, 64
START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = 49152 - 256 - 2

TEXTS = [
    "",
    " ",
    "a photo of a cat",
    "A Photo Of A CAT!",
    "a photo of a  dog ,  sitting.\n\ton grass\r\n",
    "it's the dog's; they'll say we've won, I'm sure you'd agree, don't you're",
    "hello, world... (really?) [yes] {no} <maybe>",
    "1234567890 and 3.14159, 50% of 2,000",
    "h264 mp3 x86_64 v1.2.3-rc4",
    "don't-stop_believing/and\\or",
    "e-mail: someone@example.org, https://example.org/a?b=c&d=e#f",
    "&lt;b&gt;bold&lt;/b&gt; &amp; &quot;quoted&quot; &eacute;",
    "<p class='x'>a <b>red</b> car</p>",
    "caf\u00e9 na\u00efve \u00fcber Stra\u00dfe \u0130stanbul",
    "cafe\u0301 decomposed, \u212bngstr\u00f6m, \ufb01ne ligature",
    "\u65e5\u672c\u8a9e\u306e\u5199\u771f",
    "\u4e00\u53ea\u732b\u7684\u7167\u7247\u3002",
    "\ud55c\uad6d\uc5b4 \uc0ac\uc9c4",
    "\u0444\u043e\u0442\u043e\u0433\u0440\u0430\u0444\u0438\u044f \u041a\u043e\u0448\u043a\u0438",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u039f\u0394\u039f\u03a3",
    "\U0001f600 a smiling face \U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
    "\u00bd cup \u00b2 \u2163 \u0663 \u5341",
    "\u201ccurly\u201d \u2018quotes\u2019 \u2014 dash \u2026",
    "non\u00a0breaking\u3000wide\u2003em\u200bzero",
    "tab\tvertical\x0bform\x0cfeed",
    "control \x00 \x01 \x7f characters",
    "a<|endoftext|>b <|startoftext|> c",
    "'s 't 're 've 'm 'll 'd 'S 'T",
    "!!!???...,,,",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "zxqj vkwq pfrt",
    "a bird standing on a wire against the blue sky, with a small yellow beak",
    "the quick brown fox jumps over the lazy dog",
    "a bad photo of many waterbirds on water",
    "$100 \u20ac50 \u00a330 #hashtag @user ^_^ ~tilde~ `code` |pipe|",
    " ".join(["a very long description of a photograph with many words"] * 40),
    "\U0001f600" * 120,
]

# What the unigram model is trained on: every place after every thing.
THINGS = """cat kitten dog puppy bird sparrow eagle horse pony zebra cow sheep goat person woman man child family car truck
bus bicycle motorcycle airplane helicopter boat ship train bridge tower church castle house garden flower rose tulip tree
forest mountain river lake ocean beach desert island apple banana orange lemon bread cheese coffee bottle glass table
chair lamp window door book camera guitar piano violin drum clock shoe shirt jacket umbrella kite balloon snowboard""".split()
PLACES = """on grass|in water|against the blue sky|in a street at night|covered with snow|seen from above|behind a fence|
standing beside the wooden wall|jumping over the lazy river|photographed indoors with flash|very blurred and dark|
under bright sunlight|reflected in a mirror|with a small yellow mark|near other animals|of 20 many large words""".replace("\n", "").split("|")
SENTENCES = [f"a photo of the {thing} {place}" for thing in THINGS for place in PLACES] + THINGS + PLACES


def byte_symbols():
    """CLIP's printable character for each byte, in the order of its vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    table = {byte: chr(byte) for byte in shown}
    table.update({byte: chr(256 + place) for place, byte in enumerate(hidden)})
    return table


def clip_files(path):
    """Vocabulary and merges as transformers wants them."""
    lines = gzip.open(path, "rt", encoding="utf-8").read().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : MERGES + 1]]
    symbols = list(byte_symbols().values())
    names = symbols + [symbol + "</w>" for symbol in symbols] + ["".join(pair) for pair in merges] + [START, END]
    return {name: place for place, name in enumerate(names)}, merges


class Plain:
    """Byte pairs by their definition: always the pair of lowest rank, all its places, until none is left."""

    pattern = regex.compile(
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", regex.IGNORECASE
    )

    def __init__(self, vocabulary, merges):
        self.ids, self.rank, self.bytes = vocabulary, {pair: rank for rank, pair in enumerate(merges)}, byte_symbols()

    def word(self, word):
        if word in (START, END):
            return [self.ids[word]]
        parts = [self.bytes[byte] for byte in word.encode()]
        parts[-1] += "</w>"
        while len(parts) > 1:
            best = min(zip(parts, parts[1:]), key=lambda pair: self.rank.get(pair, MERGES))
            if best not in self.rank:
                break
            merged, place = [], 0
            while place < len(parts):
                if tuple(parts[place : place + 2]) == best:
                    merged.append("".join(best))
                    place += 2
                else:
                    merged.append(parts[place])
                    place += 1
            parts = merged
        return [self.ids[part] for part in parts]

    def __call__(self, text):
        # Letter by letter, as the tokenizers library does it: a final sigma is none.
        text = "".join(c.lower() for c in re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)))
        ids = [id for word in self.pattern.findall(text) for id in self.word(word)]
        return [self.ids[START], *ids[: CLIP_CONTEXT - 2], self.ids[END]]


def original(plain, text):
    """As OpenAI's own code cleans a text: mojibake repaired, entities resolved."""
    return plain(html.unescape(html.unescape(ftfy.fix_text(text))).strip().lower())


def clip(path, versions):
    vocabulary, merges = clip_files(path)
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=merges)
    plain = Plain(vocabulary, merges)
    cases, other = [], []
    for text in TEXTS:
        ids = tokenizer(text, truncation=True, max_length=CLIP_CONTEXT)["input_ids"]
        if ids != plain(text):
            raise SystemExit(f"the plain encoder gives other ids for {text!r}:\n{ids}\n{plain(text)}")
        if ids != original(plain, text):
            other.append(text)
        cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    return {
        "versions": versions,
        "context": CLIP_CONTEXT,
        "pad": tokenizer.pad_token_id,
        "vocabulary": len(vocabulary),
        "cleaned_otherwise_by_openai": other,
        "cases": cases,
    }


PUNCTUATION = "[" + "".join("\\" + mark for mark in string.punctuation) + "]"


def canonical(text):
    """SigLIP's canonical form: lower case, no punctuation, single blanks."""
    text = text.lower().translate(str.maketrans("", "", string.punctuation))
    return re.sub(r"\s+", " ", text).strip()


def siglip(out, versions):
    with tempfile.TemporaryDirectory() as folder:
        prefix = str(pathlib.Path(folder) / "spiece")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(canonical(text) for text in SENTENCES),
            model_prefix=prefix,
            model_type="unigram",
            vocab_size=160,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            pad_piece="<pad>",
            normalization_rule_name="identity",
            num_threads=1,
            minloglevel=2,
        )
        pieces = sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")
    vocabulary = [(pieces.id_to_piece(i), round(pieces.get_score(i), 6)) for i in range(pieces.vocab_size())]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(PUNCTUATION), ""),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.enable_truncation(SIGLIP_CONTEXT)
    tokenizer.enable_padding(length=SIGLIP_CONTEXT, pad_id=1, pad_token="</s>")
    cases = []
    for text in TEXTS:
        if START in text or "\x00" in text:
            continue
        encoding = tokenizer.encode(text)
        real = sum(encoding.attention_mask)
        ids = encoding.ids
        direct = pieces.encode(canonical(text))[: SIGLIP_CONTEXT - 1] + [1]
        if ids[:real] != direct:
            raise SystemExit(f"sentencepiece gives other ids for {text!r}:\n{ids[:real]}\n{direct}")
        cases.append({"text": text, "ids": ids[:real], "decoded": tokenizer.decode(ids)})
    (out / "siglip.tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n")
    return {"versions": versions, "context": SIGLIP_CONTEXT, "pad": 1, "cases": cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    versions = {m.__name__: m.__version__ for m in (transformers, tokenizers, sentencepiece, ftfy)}
    for name, golden in [
        ("clip-ids", clip(arguments.vocabulary, versions)),
        ("siglip-ids", siglip(arguments.out, versions)),
    ]:
        text = json.dumps({**golden, "cases": None})[: -len("null}")] + "[\n"
        text += ",\n".join(json.dumps(case) for case in golden["cases"]) + "\n]}\n"
        (arguments.out / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
