//! The encoder, what it reads its tensors from, and what is done with it.

#[path = "../../../src/embed/int8/mod.rs"]
mod int8;
#[path = "../../../src/embed/layer.rs"]
mod layer;
#[allow(dead_code)] // the exact GELU, of the encoder that this one is measured by
#[path = "../../../src/embed/math.rs"]
mod math;

/// Tensors in memory, under the names of a packed file.
mod packed {
    use std::collections::BTreeMap;
    use std::ops::Deref;
    use std::rc::Rc;

    pub(crate) struct View<T>(Rc<Vec<T>>);

    impl<T> Deref for View<T> {
        type Target = [T];

        fn deref(&self) -> &[T] {
            &self.0
        }
    }

    pub(crate) trait Element: Sized {
        fn tensors(packed: &Packed) -> &BTreeMap<String, Rc<Vec<Self>>>;
    }

    impl Element for f32 {
        fn tensors(packed: &Packed) -> &BTreeMap<String, Rc<Vec<f32>>> {
            &packed.floats
        }
    }

    impl Element for i8 {
        fn tensors(packed: &Packed) -> &BTreeMap<String, Rc<Vec<i8>>> {
            &packed.codes
        }
    }

    pub(crate) struct Config {
        pub(crate) bert: Bert,
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Bert {
        pub(crate) vocab_size: usize,
        pub(crate) hidden_size: usize,
        pub(crate) num_hidden_layers: usize,
        pub(crate) num_attention_heads: usize,
        pub(crate) intermediate_size: usize,
        pub(crate) max_position_embeddings: usize,
        pub(crate) layer_norm_eps: f32,
    }

    pub(crate) struct Packed {
        pub(crate) config: Config,
        pub(crate) floats: BTreeMap<String, Rc<Vec<f32>>>,
        pub(crate) codes: BTreeMap<String, Rc<Vec<i8>>>,
    }

    impl Packed {
        pub(crate) fn tensor<T: Element>(&self, name: &str, dims: &[usize]) -> crate::Result<View<T>> {
            let tensor = T::tensors(self)
                .get(name)
                .unwrap_or_else(|| panic!("no tensor {name}"));
            assert_eq!(tensor.len(), dims.iter().product::<usize>(), "{name}");
            Ok(View(Rc::clone(tensor)))
        }
    }
}

use std::collections::BTreeMap;
use std::rc::Rc;

use int8::{Int8, quantize, quantize_embedding};
use packed::{Bert, Config, Packed};

use crate::{Random, Sum};

fn model(bert: Bert) -> Packed {
    let (h, f) = (bert.hidden_size, bert.intermediate_size);
    let mut random = Random(88_172_645_463_325_252);
    let mut packed = Packed {
        config: Config { bert },
        floats: BTreeMap::new(),
        codes: BTreeMap::new(),
    };
    let words = random.floats(bert.vocab_size * h);
    let (scales, codes): (Vec<f32>, Vec<Vec<i8>>) = words
        .chunks_exact(h)
        .map(|row| {
            let (scale, codes) = quantize_embedding(row);
            (scale, codes.collect())
        })
        .unzip();
    packed
        .codes
        .insert("embeddings.word.codes".into(), Rc::new(codes.concat()));
    packed
        .floats
        .insert("embeddings.word.scales".into(), Rc::new(scales));
    for (name, length) in [("position", bert.max_position_embeddings * h), ("type", h)] {
        packed
            .floats
            .insert(format!("embeddings.{name}"), Rc::new(random.floats(length)));
    }
    let mut norms = vec!["embeddings.norm".to_owned()];
    for at in 0..bert.num_hidden_layers {
        norms.extend([format!("layer.{at}.attention.norm"), format!("layer.{at}.norm")]);
        for (name, inputs, outputs, rotated) in [
            ("qkv", h, 3 * h, true),
            ("attention", h, h, false),
            ("up", h, f, true),
            ("down", f, h, true),
        ] {
            let layer = quantize(random.floats(inputs * outputs), &random.floats(outputs), rotated);
            let name = format!("layer.{at}.{name}");
            packed.codes.insert(format!("{name}.codes"), Rc::new(layer.codes));
            for (part, floats) in [
                ("scales", layer.scales),
                ("offsets", layer.offsets),
                ("biases", layer.biases),
            ] {
                packed.floats.insert(format!("{name}.{part}"), Rc::new(floats));
            }
        }
    }
    for name in norms {
        for part in ["weight", "bias"] {
            packed
                .floats
                .insert(format!("{name}.{part}"), Rc::new(random.floats(h)));
        }
    }
    packed
}

pub(crate) fn run() {
    // That of moss-minilm with two layers, and one whose sizes fit no vector.
    let large = Bert {
        vocab_size: 1000,
        hidden_size: 384,
        num_hidden_layers: 2,
        num_attention_heads: 12,
        intermediate_size: 1536,
        max_position_embeddings: 128,
        layer_norm_eps: 1e-12,
    };
    let small = Bert {
        hidden_size: 24,
        num_attention_heads: 3,
        intermediate_size: 44,
        ..large
    };
    for bert in [large, small] {
        let mut random = Random(7);
        let mut text = |length| (0..length).map(|_| (random.next() % 1000) as u32).collect();
        let texts: Vec<Vec<u32>> = (1..=18).chain([64, 128]).map(&mut text).collect();
        let encoder = Int8::new(&model(bert)).expect("a model");
        let mut sum = Sum::new();
        encoder
            .forward(&texts, |state| state.iter().for_each(|x| sum.add(x.to_bits())))
            .expect("vectors");
        println!("{} wide: {sum}", bert.hidden_size);
    }
}
