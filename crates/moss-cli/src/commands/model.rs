//! `moss model`: the files of models.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use moss::DEFAULT_MODEL;
use moss_core::embed;
use moss_core::vector::Precision;
use moss_models::{Places, locate, pack_to_file};
use serde_json::json;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// Find a model, or download it into the cache, and print its path
    Pull {
        /// The model
        #[arg(default_value = DEFAULT_MODEL)]
        id: String,
    },
    /// Make one packed file of the published files of a model
    Pack {
        /// The folder with model.safetensors, tokenizer.json and config.json
        dir: PathBuf,
        /// The file to make
        out: PathBuf,
        /// Which model they are
        #[arg(long, short, default_value = DEFAULT_MODEL)]
        model: String,
        /// Keep the weights in 32 bits, as published: larger and slower, to compare the usual 8 bits with
        #[arg(long)]
        fp32: bool,
    },
    /// Check a packed file and say what is in it
    Info {
        /// The file
        file: PathBuf,
    },
}

impl Model {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Model::Pull { id } => {
                let path = locate(embed::find(&id)?, &Places::from_env()).await?;
                made(context, &id, &path)
            }
            Model::Pack {
                dir,
                out,
                model,
                fp32,
            } => {
                let precision = if fp32 { Precision::F32 } else { Precision::Int8 };
                pack_to_file(&dir, embed::find(&model)?, precision, &out)?;
                made(context, &model, &out)
            }
            Model::Info { file } => {
                let embed::Description {
                    weights,
                    source_sha256,
                    dim,
                    layers,
                    precision,
                    tensors,
                    bytes,
                } = embed::describe(&file)?;
                if context.json() {
                    return output::json(&json!({
                        "weights": weights, "source_sha256": source_sha256, "dim": dim,
                        "layers": layers, "precision": precision, "tensors": tensors, "bytes": bytes,
                    }));
                }
                output::line(format_args!("weights        {weights}"))?;
                output::line(format_args!("source sha256  {source_sha256}"))?;
                output::line(format_args!("dimensions     {dim}"))?;
                output::line(format_args!("layers         {layers}"))?;
                let precision = match precision {
                    Precision::F32 => "fp32",
                    Precision::Int8 => "int8",
                };
                output::line(format_args!("precision      {precision}"))?;
                output::line(format_args!("tensors        {tensors}"))?;
                output::line(format_args!("bytes          {bytes}"))
            }
        }
    }
}

fn made(context: &Context, model: &str, path: &Path) -> Outcome {
    let path = path.display().to_string();
    match context.json() {
        true => output::json(&json!({ "model": model, "path": path })),
        false => output::line(path),
    }
}
