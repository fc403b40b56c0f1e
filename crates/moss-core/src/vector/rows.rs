//! The memory of rows: their vectors, and apart from them their codes.

use std::fmt;

use memmap2::MmapMut;

use super::precision::Precision;
use super::quantize::lines_per_row;
use super::simd::Line;

/// What systems give in one piece: the same memory in pages of 4 KB takes several times as long to get.
pub(super) const HUGE_PAGE: usize = 2 << 20;
/// The most bytes that may be left over.
const LEFT_OVER: usize = HUGE_PAGE / 32;

#[allow(unsafe_code)] // what lets lines be read in place
// SAFETY: a line is 64 bytes in 64, and any bytes are one.
unsafe impl bytemuck::Zeroable for Line {}
#[allow(unsafe_code)]
// SAFETY: as above.
unsafe impl bytemuck::Pod for Line {}

/// Of each row so many values and lines of codes.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowSize {
    pub(super) values: usize,
    pub(super) lines: usize,
}

/// Rows of one size.
pub(super) struct Rows {
    size: RowSize,
    memory: Memory,
}

enum Memory {
    /// Rows that come one by one.
    Heap { values: Vec<f32>, lines: Vec<Line> },
    /// Rows that come at once.
    Huge {
        map: MmapMut,
        /// Where the lines begin: behind the room for values.
        lines_at: usize,
        room: usize,
        rows: usize,
    },
}

impl RowSize {
    /// Of vectors of `dim` components, held in this precision.
    pub(super) fn new(dim: usize, precision: Precision) -> RowSize {
        let values = match precision {
            Precision::F32 => dim,
            Precision::Int8 => 0,
        };
        RowSize {
            values,
            lines: lines_per_row(dim),
        }
    }

    pub(super) fn bytes(self) -> usize {
        self.values * size_of::<f32>() + self.lines * size_of::<Line>()
    }
}

impl Rows {
    /// Room for exactly so many rows, in huge pages if they fill them.
    pub(super) fn with_room(size: RowSize, rows: usize) -> Rows {
        let memory = Memory::huge(size, rows).unwrap_or_else(|| Memory::Heap {
            values: Vec::with_capacity(rows * size.values),
            lines: Vec::with_capacity(rows * size.lines),
        });
        Rows { size, memory }
    }

    /// The values of a row.
    pub(super) fn values(&self, at: usize) -> &[f32] {
        let values = self.size.values;
        &self.all().0[at * values..][..values]
    }

    /// The codes of so many rows from one on.
    pub(super) fn lines(&self, at: usize, rows: usize) -> &[Line] {
        let lines = self.size.lines;
        &self.all().1[at * lines..][..rows * lines]
    }

    /// Room for exactly so many rows more, unless there is room.
    pub(super) fn reserve(&mut self, more: usize) {
        if let Memory::Huge { room, rows, .. } = self.memory
            && rows + more <= room
        {
            return;
        }
        let RowSize { values, lines } = self.size;
        let (all_values, all_lines) = self.heap();
        all_values.reserve_exact(more * values);
        all_lines.reserve_exact(more * lines);
    }

    /// Adds a row, for which there is room.
    pub(super) fn push(&mut self, row_values: &[f32], row_lines: &[Line]) {
        match &mut self.memory {
            Memory::Heap { values, lines } => {
                values.extend_from_slice(row_values);
                lines.extend_from_slice(row_lines);
            }
            Memory::Huge { rows, .. } => {
                let at = *rows;
                *rows += 1;
                self.set(at, row_values, row_lines);
            }
        }
    }

    pub(super) fn set(&mut self, at: usize, row_values: &[f32], row_lines: &[Line]) {
        let RowSize { values, lines } = self.size;
        let (all_values, all_lines) = self.all_mut();
        all_values[at * values..][..values].copy_from_slice(row_values);
        all_lines[at * lines..][..lines].copy_from_slice(row_lines);
    }

    pub(super) fn move_within(&mut self, from: usize, to: usize) {
        let RowSize { values, lines } = self.size;
        let (all_values, all_lines) = self.all_mut();
        all_values.copy_within(from * values..(from + 1) * values, to * values);
        all_lines.copy_within(from * lines..(from + 1) * lines, to * lines);
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        let RowSize { values, lines } = self.size;
        let (all_values, all_lines) = self.heap();
        all_values.truncate(rows * values);
        all_lines.truncate(rows * lines);
    }

    /// Bytes taken from the allocator or the system.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        match &self.memory {
            Memory::Heap { values, lines } => {
                size_of::<f32>() * values.capacity() + size_of::<Line>() * lines.capacity()
            }
            Memory::Huge { map, .. } => map.len(),
        }
    }

    fn all(&self) -> (&[f32], &[Line]) {
        match &self.memory {
            Memory::Heap { values, lines } => (values, lines),
            Memory::Huge {
                map, lines_at, rows, ..
            } => {
                let (values, lines) = map.split_at(*lines_at);
                (
                    bytemuck::cast_slice(&values[..rows * self.size.values * size_of::<f32>()]),
                    bytemuck::cast_slice(&lines[..rows * self.size.lines * size_of::<Line>()]),
                )
            }
        }
    }

    fn all_mut(&mut self) -> (&mut [f32], &mut [Line]) {
        match &mut self.memory {
            Memory::Heap { values, lines } => (values, lines),
            Memory::Huge {
                map, lines_at, rows, ..
            } => {
                let (values, lines) = map.split_at_mut(*lines_at);
                (
                    bytemuck::cast_slice_mut(&mut values[..*rows * self.size.values * size_of::<f32>()]),
                    bytemuck::cast_slice_mut(&mut lines[..*rows * self.size.lines * size_of::<Line>()]),
                )
            }
        }
    }

    /// All values and lines where they can become more or fewer.
    fn heap(&mut self) -> (&mut Vec<f32>, &mut Vec<Line>) {
        if let Memory::Huge { .. } = self.memory {
            *self = self.clone();
        }
        match &mut self.memory {
            Memory::Heap { values, lines } => (values, lines),
            Memory::Huge { .. } => unreachable!("a clone is on the heap"),
        }
    }
}

impl Memory {
    /// None if more than [`LEFT_OVER`] of the pages would be, or if the system gives none.
    fn huge(size: RowSize, room: usize) -> Option<Memory> {
        let lines_at = (room * size.values * size_of::<f32>()).next_multiple_of(size_of::<Line>());
        let bytes = lines_at + room * size.lines * size_of::<Line>();
        let whole = bytes.next_multiple_of(HUGE_PAGE);
        if bytes == 0 || whole - bytes > LEFT_OVER {
            return None;
        }
        let map = MmapMut::map_anon(whole).ok()?;
        // Where huge pages are not to be had, these are pages like any others.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Some(Memory::Huge {
            map,
            lines_at,
            room,
            rows: 0,
        })
    }
}

impl Clone for Rows {
    fn clone(&self) -> Rows {
        let (values, lines) = self.all();
        Rows {
            size: self.size,
            memory: Memory::Heap {
                values: values.to_vec(),
                lines: lines.to_vec(),
            },
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rows").field(&self.all()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: RowSize = RowSize {
        values: 384,
        lines: 6,
    };

    fn row(at: usize) -> ([f32; SIZE.values], [Line; SIZE.lines]) {
        ([at as f32; SIZE.values], [Line([at as i8; 64]); SIZE.lines])
    }

    fn is_huge(rows: &Rows) -> bool {
        matches!(rows.memory, Memory::Huge { .. })
    }

    #[test]
    fn rows_in_huge_pages_are_those_of_the_heap() {
        let count = HUGE_PAGE / SIZE.bytes();
        let (mut heap, mut huge) = (Rows::with_room(SIZE, 0), Rows::with_room(SIZE, count));
        assert!(is_huge(&huge));
        heap.reserve(count);
        huge.reserve(count);
        assert!(is_huge(&huge) && !is_huge(&heap));
        let same = |a: &Rows, b: &Rows| {
            assert!(a.all() == b.all());
        };
        for at in 0..count {
            let (values, lines) = row(at);
            heap.push(&values, &lines);
            huge.push(&values, &lines);
        }
        same(&heap, &huge);
        for rows in [&mut heap, &mut huge] {
            rows.set(1, &row(90).0, &row(90).1);
            rows.move_within(5, 3);
        }
        same(&heap, &huge);
        same(&heap, &huge.clone());
        // And they shrink and grow.
        for rows in [&mut heap, &mut huge] {
            rows.truncate(2);
            rows.reserve(1);
            rows.push(&row(7).0, &row(7).1);
        }
        same(&heap, &huge);
        assert_eq!(huge.all().0.len(), 3 * SIZE.values);
    }

    #[test]
    fn what_would_leave_much_of_a_huge_page_over_is_on_the_heap() {
        let is_huge = |values, lines| is_huge(&Rows::with_room(RowSize { values, lines }, 1));
        assert!(!is_huge(0, 0));
        assert!(!is_huge(1, 1));
        assert!(!is_huge(HUGE_PAGE / 4, 1));
        assert!(is_huge(HUGE_PAGE / 4, 0));
        assert!(is_huge(HUGE_PAGE / 4 - 16, 1));
        assert!(is_huge(HUGE_PAGE / 2 - LEFT_OVER / 4, 0));
        assert!(!is_huge(HUGE_PAGE / 2 - LEFT_OVER / 4 - 16, 0));
    }
}
