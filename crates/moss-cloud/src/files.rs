//! Files to documents: paragraphs packed into chunks that a model reads whole.

use std::collections::HashSet;

use moss_core::{Document, Error, ErrorKind, Result, limits};
use unicode_segmentation::UnicodeSegmentation;

use crate::SourceFile;

/// Bytes of a chunk, about 250 tokens of English: what the default model reads before it truncates.
const CHUNK_BYTES: usize = 1000;

/// One document per chunk: id `name#number`, metadata `file` and `chunk`, both counted from 0 in each file.
pub(crate) fn documents(files: &[SourceFile]) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    let mut names = HashSet::new();
    for file in files {
        if !names.insert(&file.name) {
            return Err(invalid(file, "is given twice"));
        }
        let text = decode(file)?;
        for (number, chunk) in chunks(text, is_markdown(file)?).into_iter().enumerate() {
            let number = number.to_string();
            let document = Document::new(format!("{}#{number}", file.name), chunk);
            documents.push(document.with_metadata([("file", file.name.clone()), ("chunk", number)]));
        }
    }
    limits::check_document_count(documents.len())?;
    Ok(documents)
}

fn invalid(file: &SourceFile, fault: &str) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!("file {:?} {fault}", file.name),
    )
}

fn decode(file: &SourceFile) -> Result<&str> {
    if file.name.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "a file needs a name"));
    }
    std::str::from_utf8(&file.data).map_err(|_| invalid(file, "is not UTF-8"))
}

fn is_markdown(file: &SourceFile) -> Result<bool> {
    let essence = file
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "text/markdown" => Ok(true),
        "text/plain" => Ok(false),
        _ => Err(invalid(
            file,
            &format!(
                "has content type {:?}, only text/plain and text/markdown are read",
                file.content_type
            ),
        )),
    }
}

/// Paragraphs packed up to [`CHUNK_BYTES`]; in Markdown a heading starts a new chunk.
fn chunks(text: &str, markdown: bool) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    for paragraph in paragraphs(text) {
        for piece in pieces(&paragraph) {
            let starts_section = markdown && piece.starts_with('#');
            match chunks.last_mut() {
                Some(last) if !starts_section && last.len() + 1 + piece.len() <= CHUNK_BYTES => {
                    last.push('\n');
                    last.push_str(&piece);
                }
                _ => chunks.push(piece),
            }
        }
    }
    chunks
}

/// What stands between blank lines.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// A paragraph cut between sentences, or between characters where one sentence is too long.
fn pieces(paragraph: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for sentence in paragraph.split_sentence_bounds() {
        let fits = |piece: &String, part: &str| piece.len() + part.len() <= CHUNK_BYTES;
        if sentence.len() <= CHUNK_BYTES {
            match pieces.last_mut() {
                Some(last) if fits(last, sentence) => last.push_str(sentence),
                _ => pieces.push(sentence.to_owned()),
            }
            continue;
        }
        for word in sentence.split_word_bounds().flat_map(cut) {
            match pieces.last_mut() {
                Some(last) if fits(last, word) => last.push_str(word),
                _ => pieces.push(word.to_owned()),
            }
        }
    }
    pieces
        .iter()
        .map(|piece| piece.trim().to_owned())
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// A word in parts of at most [`CHUNK_BYTES`].
fn cut(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let (part, after) = rest.split_at(rest.floor_char_boundary(CHUNK_BYTES));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content_type: &str, text: &str) -> SourceFile {
        SourceFile {
            name: "a.md".into(),
            content_type: content_type.into(),
            data: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn headings_start_chunks_in_markdown_only() {
        let text = "# One\n\nfirst\n\n## Two\nsecond";
        let texts = |kind| -> Vec<String> {
            documents(&[file(kind, text)])
                .unwrap()
                .into_iter()
                .map(|document| document.text)
                .collect()
        };
        assert_eq!(
            texts("text/markdown; charset=utf-8"),
            ["# One\nfirst", "## Two\nsecond"]
        );
        assert_eq!(texts("text/plain"), ["# One\nfirst\n## Two\nsecond"]);
    }

    #[test]
    fn nothing_is_lost_and_no_chunk_is_too_long() {
        let text = format!("{} {}", "é".repeat(3000), "A sentence of words. ".repeat(200));
        let documents = documents(&[file("text/plain", &text)]).unwrap();
        assert!(
            documents
                .iter()
                .all(|document| document.text.len() <= CHUNK_BYTES)
        );
        let squeeze = |text: &str| text.split_whitespace().collect::<String>();
        let joined: String = documents.iter().map(|document| document.text.as_str()).collect();
        assert_eq!(squeeze(&joined), squeeze(&text));
        assert_eq!(documents[1].id, "a.md#1");
    }

    #[test]
    fn other_types_and_bytes_are_refused() {
        assert!(documents(&[file("application/pdf", "x")]).is_err());
        let binary = SourceFile {
            data: vec![0xff, 0xfe],
            ..file("text/plain", "")
        };
        assert_eq!(
            documents(&[binary]).unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
    }
}
