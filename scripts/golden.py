"""Makes the frozen inputs and outputs of crates/moss-core/tests/golden from the reference implementation.

Run by scripts/golden. Usage: golden.py MODEL_DIR DATA_DIR OUT_DIR, where MODEL_DIR holds the published files of
sentence-transformers/all-MiniLM-L6-v2 and DATA_DIR banking77.jsonl and cranfield-docs.jsonl.
"""

import hashlib
import json
import platform
import random
import sys
from pathlib import Path

import numpy
import sentence_transformers
import tokenizers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

MINILM_TOKENS = 256
TINY_TOKENS = 512
TINY_PREFIX = "Represent this sentence for searching relevant passages: "

LICENCE = (
    "texts marked banking77: PolyAI, Casanueva et al. 2020, CC BY 4.0; texts marked cranfield: the Cranfield "
    "collection (Cleverdon 1967), distributed freely for research; all others: this project"
)

HAND_MADE = [
    "", " ", "\n", "\t \r\n", "\u00a0", "\u2028\u2029", "\u3000", "\0", "a\0b", "\x01\x02\x7f", "a\u0000\ufffdb", "\ufeffbyte order mark",
    "soft\u00adhyphen", "zero\u200bwidth\u200djoiner\u200cnon", "left\u200emark \u202eoverride\u202c", "\ue000 private \uf8ff", "\U0010ffff",
    "I want my money back", "What's the refund policy?", "can't won't shouldn't I'd've", "e-mail co-operate mother-in-law", "hello,world;foo:bar",
    "...", "!?!?", "$1,299.99 (incl. 20% VAT)", "C++ C# F# .NET node.js", "https://example.com/a?b=c&d=e#f", "first.last+tag@example.co.uk",
    "fn main() { println!(\"{}\", 1 << 3); }", "SELECT * FROM t WHERE a >= 'x';", "{\"key\": [1, 2.5e-3, null]}", "<p class=\"x\">&amp;</p>",
    "192.168.0.1:8080", "+49 (0) 89 1234-567", "2026-08-01T12:00:00Z", "1/2 3\u20444 \u00bd \u2153", "x\u00b2 + y\u00b3 = z\u2074", "H\u2082O CO\u2082",
    "UPPER lower MiXeD", "\u0130stanbul \u0131\u015f\u0131k", "Stra\u00dfe STRASSE \u1e9e", "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u03bf\u03b4\u03c5\u03c3\u03c3\u03b5\u03cd\u03c2", "caf\u00e9 cafe\u0301 CAF\u00c9",
    "na\u00efve r\u00e9sum\u00e9 co\u00f6perate", "Dvo\u0159\u00e1k \u0141\u00f3d\u017a \u0110or\u0111e", "\u00c5ngstr\u00f6m \u212bngstr\u00f6m", "ti\u1ebfng Vi\u1ec7t", "a\u0300\u0301\u0302\u0303\u0304", " \u0301leading mark", "\u0344\u0385",
    "\ufb01ancee \ufb02ow o\ufb03ce", "\uff26\uff55\uff4c\uff4c \uff57\uff49\uff44\uff54\uff48 \uff11\uff12\uff13", "\U0001d4d7\U0001d4ee\U0001d4f5\U0001d4f5\U0001d4f8", "\u2460\u2461\u2462 \u2167 \u33a1",
    "\u4f60\u597d\u4e16\u754c", "\u6211\u60f3\u9000\u6b3e refund \u8bf7", "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002", "\u30ab\u30bf\u30ab\u30ca \uff76\uff80\uff76\uff85 \u3072\u3089\u304c\u306a", "\ud55c\uad6d\uc5b4 \ubb38\uc7a5", "\u1112\u1161\u11ab jamo",
    "\U00020000\U00020001 extension B", "\uf900\uf901 compatibility", "\u3007\u3005\u3006", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0401\u0436\u0438\u043a \u0439", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u0627\u0644\u0633\u0651\u064e\u0644\u0627\u0645\u064f", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01", "\u1007\u1031\u102c\u103a", "\u12a0\u121b\u122d\u129b",
    "\u10d2\u10d0\u10db\u10d0\u10e0\u10ef\u10dd\u10d1\u10d0 \u1c92\u1c90\u1c9b", "\u0540\u0561\u0575\u0565\u0580\u0567\u0576", "\u1c00\u1820 mongolian", "\u13a0\u13b0 \uab70", "\u16a0\u16a2\u16a6",
    "\U0001f600", "I \u2764\ufe0f you", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family", "\U0001f44d\U0001f3fd thumbs", "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 flags", "1\ufe0f\u20e3 keycap",
    "great\U0001f389\U0001f389!!!", "\u00af\\_(\u30c4)_/\u00af", "\u2192\u2190\u2191 \u2264\u2265\u2260 \u221e \u222b", "\u20ac100 \u00a350 \u00a51000 \u20b9 \u20bf", "\u201cquoted\u201d \u2018single\u2019 \u00abguillemets\u00bb \u2014 \u2013 \u2026",
    "[CLS] literal [SEP] tokens [PAD] [MASK] [UNK]", "[cls] lower", "##ing ##s #tag @name", "a##b", "[ C L S ]", "x" * 99, "x" * 100, "x" * 101, "\u00e9" * 101, "supercalifragilisticexpialidocious",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "qzxjkv wqrtp", "a b c d e f g h i j k l m n o p", "a" * 5000, "!" * 400, "\u4e2d" * 400, "\U0001f600" * 300,
    "tab\tseparated\tvalues", "line\nbreaks\r\nwindows", "trailing space ", " leading space", "double  spaces   here", "vertical\x0btab form\x0cfeed", "next\u0085line", "\u180e\u2060invisible",
    "the refund for order 4711 was issued on tuesday", "MY CARD WAS STOLEN!!!", "uh, yeah, so, um, I kinda lost it", "call me at five thirty p.m.", "B2B SaaS R&D Q3'26", "\u2603 snowman \u2602", "x\u0338 \u2260 y",
]

REPEATED = [("word ", 10000), ("refund policy, please! ", 3000), ("caf\u00e9 ", 254), ("caf\u00e9 ", 253), ("\u4e2d ", 1000), ("the ", 127), ("[SEP] ", 300), ("\u0301", 20000), (" ", 20000), ("z" * 150 + " ", 400), ("unbelievablenesses ", 5000)]


def lines(path, key, count, seed):
    """`count` texts of a JSON-lines file, drawn without replacement."""
    texts = [json.loads(line)["text"] for line in path.open(encoding="utf-8")]
    return [{"text": text, "from": key} for text in random.Random(seed).sample(texts, count)]


def random_unicode(count, seed):
    """Strings of random scalar values: some from the whole range, some from the first two planes."""
    draw = random.Random(seed)
    for _ in range(count):
        top = draw.choice([0x250, 0x3000, 0x10000, 0x20000, 0x110000])
        points = [draw.randrange(top) for _ in range(draw.randrange(1, 24))]
        yield {"text": "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000)}


def texts(data):
    """Every text of the token goldens. `times` repeats the text, so that 10,000 words cost one line."""
    return (
        [{"text": text} for text in HAND_MADE]
        + [{"text": text, "times": times} for text, times in REPEATED]
        + list(random_unicode(120, 1))
        + lines(data / "banking77.jsonl", "banking77", 260, 2)
        + lines(data / "cranfield-docs.jsonl", "cranfield", 24, 3)
    )


def whole(item):
    return item["text"] * item.get("times", 1)


def vector_texts(data):
    """About 60 texts whose token counts cover 2 to more than 256."""
    long = lines(data / "cranfield-docs.jsonl", "cranfield", 3, 5)
    words = long[0]["text"].split()
    prefixes = [{"text": " ".join(words[:n]), "from": "cranfield"} for n in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)]
    hand = [{"text": HAND_MADE[HAND_MADE.index(text)]} for text in (
        "", " ", "I want my money back", "What's the refund policy?", "caf\u00e9 cafe\u0301 CAF\u00c9", "\u4f60\u597d\u4e16\u754c", "\U0001f600",
        "\ud55c\uad6d\uc5b4 \ubb38\uc7a5", "MY CARD WAS STOLEN!!!", "x" * 101, "[CLS] literal [SEP] tokens [PAD] [MASK] [UNK]")]
    repeated = [{"text": text, "times": times} for text, times in (("word ", 10000), ("the ", 127), ("caf\u00e9 ", 253), ("caf\u00e9 ", 254))]
    return hand + repeated + prefixes + long + lines(data / "banking77.jsonl", "banking77", 32, 6)


def rounded(vectors):
    """Nine significant digits hold an f32 exactly; eight are ten times finer than what is compared."""
    return [[float(f"{x:.8g}") for x in vector] for vector in vectors.tolist()]


def write(path, head, items):
    """One item per line, so that a change of one is a change of one line."""
    body = ",\n".join(json.dumps(item, ensure_ascii=True, separators=(",", ":")) for item in items)
    path.write_text(json.dumps({"made_by": head}, indent=1)[:-2] + ',\n"items": [\n' + body + "\n]}\n", encoding="utf-8")


def versions(**more):
    return {
        "script": "scripts/golden", "python": platform.python_version(), "numpy": numpy.__version__, "torch": torch.__version__,
        "transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "sentence-transformers": sentence_transformers.__version__, **more,
    }


def minilm(model_dir, data, out):
    weights = hashlib.sha256((model_dir / "model.safetensors").read_bytes()).hexdigest()
    head = versions(model="sentence-transformers/all-MiniLM-L6-v2", weights_sha256=weights, max_tokens=MINILM_TOKENS, licence=LICENCE)
    model = SentenceTransformer(str(model_dir), device="cpu")
    assert model.max_seq_length == MINILM_TOKENS
    items = texts(data)
    for item in items:
        item["ids"] = model.tokenizer(whole(item), truncation=True, max_length=MINILM_TOKENS, padding=False)["input_ids"]
    write(out / "tokens.json", head, items)
    items = vector_texts(data)
    # One text per call: a padded batch changes the last bits of the reference.
    vectors = rounded(numpy.stack([model.encode(whole(item)) for item in items]))
    write(out / "vectors.json", head, [{**item, "vector": vector} for item, vector in zip(items, vectors)])


def tiny_vocabulary():
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = "the of and to a in is for my card money refund account how do i can what transfer cash bank pay represent this sentence searching relevant passages : , . ? ! '"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + c for c in letters), "##ing", "##s", "##ed", *words.split()]
    return {token: at for at, token in enumerate(dict.fromkeys(tokens))}


def tiny_checkpoint(out):
    """A seeded BERT of bge-small's architecture, small enough to commit: 3 layers, 24 dimensions, 3 heads."""
    vocab = tiny_vocabulary()
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=TINY_TOKENS, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")
    torch.manual_seed(7)
    model = transformers.BertModel(transformers.BertConfig(
        vocab_size=len(vocab), hidden_size=24, num_hidden_layers=3, num_attention_heads=3, intermediate_size=48, max_position_embeddings=TINY_TOKENS))
    with torch.no_grad():  # wide weights, so that attention is far from uniform and no part can be left out unseen
        for name, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * 0.3 + (1.0 if name.endswith("LayerNorm.weight") else 0.0))
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out)
    fast.save_pretrained(out)


def tiny_bge(data, out):
    tiny_checkpoint(out / "tiny-bge")
    encoder = Transformer(str(out / "tiny-bge"), max_seq_length=TINY_TOKENS)
    model = SentenceTransformer(modules=[encoder, Pooling(24, pooling_mode="cls"), Normalize()], device="cpu")
    items = vector_texts(data)
    for item in items:
        item["document"] = rounded(model.encode(whole(item))[None])[0]
        item["query"] = rounded(model.encode(whole(item), prompt=TINY_PREFIX)[None])[0]
    head = versions(model="tests/golden/tiny-bge, random weights of seed 7", max_tokens=TINY_TOKENS, query_prefix=TINY_PREFIX, licence=LICENCE)
    write(out / "tiny-bge-vectors.json", head, items)
    for name in ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        (out / "tiny-bge" / name).unlink(missing_ok=True)


if __name__ == "__main__":
    model_dir, data, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    minilm(model_dir, data, out)
    tiny_bge(data, out)
