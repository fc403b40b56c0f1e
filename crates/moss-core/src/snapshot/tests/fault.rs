//! Damaged and hostile bytes: always `CacheCorrupt`, never a panic, never another answer.

use super::super::frame::{Checksums, Frame, FrameWriter};
use super::super::kind;
use super::*;
use crate::lexical::KeywordIndex;

#[test]
fn every_truncation_is_seen() {
    let bytes = example().encode();
    for length in 0..bytes.len() {
        assert_corrupt(&bytes[..length], &format!("the first {length} bytes"));
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_corrupt(&longer, "a byte more");
}

#[test]
fn every_flipped_bit_is_seen() {
    let bytes = example().encode();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert_corrupt(&damaged, &format!("bit {bit} of byte {at}"));
        }
    }
}

#[test]
fn another_version_is_named_with_both_numbers() {
    let mut bytes = example().encode();
    bytes[8] = 2;
    let message = assert_corrupt(&bytes, "version 2");
    assert!(
        message.contains("format version 2, this build reads 1"),
        "{message}"
    );
}

#[test]
fn checksums_of_parts_are_passed_over_where_the_whole_was_compared() {
    let mut bytes = example().encode();
    let frame = Frame::read(&bytes, Checksums::Compared).unwrap();
    let order = frame.section(kind::ORDER).unwrap();
    let at = order.as_ptr().addr() - bytes.as_ptr().addr();
    bytes[at] ^= 64;
    assert_corrupt(&bytes, "another order");
    assert_eq!(
        Segment::decode_compared(&bytes, "it").unwrap().row_count(),
        example().rows.len()
    );
    // All else is asked of them nevertheless.
    bytes.pop();
    assert!(Segment::decode_compared(&bytes, "it").is_err());
}

/// The example with one section changed and every checksum right, as a faulty or hostile writer would make it.
fn forge(kind: u32, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let bytes = example().encode();
    let frame = Frame::read(&bytes, Checksums::Compared).unwrap();
    let kinds: Vec<u32> = frame.kinds().collect();
    let mut changed = frame.section(kind).unwrap().to_vec();
    change(&mut changed);
    write_frame(kinds.iter().map(|&each| {
        let section = frame.section(each).unwrap();
        (each, if each == kind { changed.as_slice() } else { section })
    }))
}

fn write_frame<'s>(sections: impl Iterator<Item = (u32, &'s [u8])>) -> Vec<u8> {
    let sections: Vec<_> = sections.collect();
    let mut writer = FrameWriter::new(ID, sections.len(), 0);
    for (kind, section) in sections {
        writer
            .section(kind, |out| {
                out.extend(section);
                Ok(())
            })
            .unwrap();
    }
    writer.finish()
}

/// With checksums that fit, a changed byte may be another valid segment, but must never panic or change what was not touched.
#[test]
fn forged_bytes_of_any_section_never_panic() {
    let bytes = example().encode();
    let frame = Frame::read(&bytes, Checksums::Compared).unwrap();
    let mut refused = 0;
    for kind in frame.kinds() {
        for at in 0..frame.section(kind).unwrap().len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let forged = forge(kind, |section| section[at] = value);
                match Segment::decode(&forged, "the-object") {
                    Ok(segment) => assert_eq!(OwnedSegment::of(&segment).rows.len(), 3),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
                        refused += 1;
                    }
                }
            }
        }
        for cut in 1..8 {
            let forged = forge(kind, |section| section.truncate(section.len() - cut));
            assert_corrupt(&forged, &format!("section {kind} cut by {cut}"));
        }
        assert_corrupt(
            &forge(kind, |section| section.push(0)),
            &format!("section {kind} too long"),
        );
    }
    assert!(refused > 500, "only {refused} forgeries refused");
}

#[test]
fn forged_lengths_never_size_a_buffer() {
    for kind in kind::META..=kind::TOMBSTONES {
        for length in [u64::MAX, 1 << 40, u64::from(u32::MAX)] {
            let forged = forge(kind, |section| {
                section[..8].copy_from_slice(&length.to_le_bytes())
            });
            if kind != kind::VECTORS {
                assert_corrupt(&forged, &format!("section {kind} of {length}"));
            }
        }
    }
}

#[test]
fn forged_content_is_refused_by_its_rule() {
    type Fault = fn(&mut Vec<u8>);
    let faults: &[(u32, &str, Fault)] = &[
        (kind::META, "precision 1", |s| s[12] = 1),
        (kind::META, "where 0 is expected", |s| s[20] = 1),
        (kind::META, "dimension", |s| {
            s[8..12].copy_from_slice(&0u32.to_le_bytes())
        }),
        (kind::IDS, "\"turn-1\" stands twice", |s| {
            let ids: [&str; 3] = ["turn-1", "turn-1", "3"];
            s.clear();
            super::super::strings::write(s, ids.into_iter()).unwrap();
        }),
        (kind::IDS, "row 1 has none", |s| {
            s.clear();
            super::super::strings::write(s, ["a", "", "3"].into_iter()).unwrap();
        }),
        (kind::TEXTS, "not UTF-8", |s| *s.last_mut().unwrap() = 0xff),
        (kind::TEXTS, "inside a character", |s| {
            let text_start = s.len() - "back cashcash cash refundsété".len();
            let lengths = [9u32, 18, 4].map(u32::to_le_bytes).concat();
            s[text_start - 12..text_start].copy_from_slice(&lengths);
        }),
        (kind::METADATA, "keys of row 0 do not ascend", |s| {
            let at = s.windows(3).position(|w| w == b"spe").unwrap();
            s[at] = b'z';
        }),
        (kind::PAYLOADS, "marked 2", |s| s[0] = 2),
        (kind::TERMS, "terms", |s| s[8] = 9),
        (kind::TOMBSTONES, "do not ascend", |s| {
            let at = s.len() - 1;
            s[at] = b'0';
        }),
        (kind::TOMBSTONES, "\"turn-1\" is empty or a row", |s| {
            let at = s.len() - 7;
            s[at] = b'1';
        }),
    ];
    for (kind, rule, spoil) in faults {
        let message = assert_corrupt(&forge(*kind, spoil), rule);
        assert!(message.contains(rule), "{rule}: {message}");
    }
}

#[test]
fn words_of_another_analyzer_are_made_again_from_the_texts() {
    let forged = forge(kind::META, |section| section[16] = 99);
    let segment = Segment::decode(&forged, "old words").unwrap();
    let words = words_of(&segment.terms());
    assert_eq!(words, ["back cash", "cash cash refunds", "été"].map(analyzed));
    assert_ne!(
        words,
        example()
            .rows
            .into_iter()
            .map(|row| row.words)
            .collect::<Vec<_>>()
    );
}

fn analyzed(text: &str) -> Vec<String> {
    let mut index = KeywordIndex::default();
    index.insert(0, &crate::text::analyze(text));
    words_of(&index.term_table(&[0])).remove(0)
}

#[test]
fn sections_must_all_be_there_once_and_be_known() {
    let bytes = example().encode();
    let frame = Frame::read(&bytes, Checksums::Compared).unwrap();
    let sections: Vec<_> = frame
        .kinds()
        .map(|kind| (kind, frame.section(kind).unwrap()))
        .collect();
    for left_out in kind::META..kind::ROW_VERSIONS {
        let rest = sections.iter().copied().filter(|(kind, _)| *kind != left_out);
        assert_corrupt(&write_frame(rest), &format!("without section {left_out}"));
    }
    let unknown = sections.iter().copied().chain([(11, &[][..])]);
    assert_corrupt(&write_frame(unknown), "an unknown section");
    let twice = sections.iter().copied().chain([sections[9]]);
    assert_corrupt(&write_frame(twice), "a section twice");
}
