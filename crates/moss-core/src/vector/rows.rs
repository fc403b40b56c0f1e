//! The memory of rows: their vectors, and apart from them their codes.

use std::fmt;
use std::ops::Range;

use memmap2::MmapMut;

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

/// Values of vectors, one vector after the other, and lines of codes.
pub(super) enum Rows {
    /// They come one by one.
    Heap { values: Vec<f32>, lines: Vec<Line> },
    /// They come at once.
    Huge(Huge),
}

/// Huge pages, with room for the values in front of the lines.
pub(super) struct Huge {
    map: MmapMut,
    /// Bytes of the room for values.
    lines_at: usize,
    /// Values and lines that are there.
    values: usize,
    lines: usize,
}

impl Rows {
    /// Room for exactly so many values and lines, in huge pages if they fill them.
    pub(super) fn with_room(values: usize, lines: usize) -> Rows {
        Huge::with_room(values, lines).map_or_else(
            || Rows::Heap {
                values: Vec::with_capacity(values),
                lines: Vec::with_capacity(lines),
            },
            Rows::Huge,
        )
    }

    pub(super) fn values(&self) -> &[f32] {
        match self {
            Rows::Heap { values, .. } => values,
            Rows::Huge(huge) => bytemuck::cast_slice(&huge.map[huge.value_bytes()]),
        }
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        match self {
            Rows::Heap { values, .. } => values,
            Rows::Huge(huge) => {
                let bytes = huge.value_bytes();
                bytemuck::cast_slice_mut(&mut huge.map[bytes])
            }
        }
    }

    pub(super) fn lines(&self) -> &[Line] {
        match self {
            Rows::Heap { lines, .. } => lines,
            Rows::Huge(huge) => bytemuck::cast_slice(&huge.map[huge.line_bytes()]),
        }
    }

    pub(super) fn lines_mut(&mut self) -> &mut [Line] {
        match self {
            Rows::Heap { lines, .. } => lines,
            Rows::Huge(huge) => {
                let bytes = huge.line_bytes();
                bytemuck::cast_slice_mut(&mut huge.map[bytes])
            }
        }
    }

    /// Room for so many values and lines more, and no more than that if there was not.
    pub(super) fn reserve(&mut self, more_values: usize, more_lines: usize) {
        if let Rows::Huge(huge) = self
            && huge.has_room(more_values, more_lines)
        {
            return;
        }
        let (values, lines) = self.heap();
        values.reserve_exact(more_values);
        lines.reserve_exact(more_lines);
    }

    /// Adds a row, for which there is room.
    pub(super) fn push(&mut self, row_values: &[f32], row_lines: &[Line]) {
        match self {
            Rows::Heap { values, lines } => {
                values.extend_from_slice(row_values);
                lines.extend_from_slice(row_lines);
            }
            Rows::Huge(huge) => {
                let (values, lines) = (huge.values, huge.lines);
                huge.values += row_values.len();
                huge.lines += row_lines.len();
                self.values_mut()[values..].copy_from_slice(row_values);
                self.lines_mut()[lines..].copy_from_slice(row_lines);
            }
        }
    }

    pub(super) fn truncate(&mut self, values_left: usize, lines_left: usize) {
        let (values, lines) = self.heap();
        values.truncate(values_left);
        lines.truncate(lines_left);
    }

    /// Bytes taken from the allocator or the system.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        match self {
            Rows::Heap { values, lines } => {
                size_of::<f32>() * values.capacity() + size_of::<Line>() * lines.capacity()
            }
            Rows::Huge(huge) => huge.map.len(),
        }
    }

    /// The same rows where they can become more or fewer.
    fn heap(&mut self) -> (&mut Vec<f32>, &mut Vec<Line>) {
        if let Rows::Huge(_) = self {
            *self = self.clone();
        }
        match self {
            Rows::Heap { values, lines } => (values, lines),
            Rows::Huge(_) => unreachable!("a clone is on the heap"),
        }
    }
}

impl Default for Rows {
    fn default() -> Rows {
        Rows::Heap {
            values: Vec::new(),
            lines: Vec::new(),
        }
    }
}

impl Clone for Rows {
    fn clone(&self) -> Rows {
        Rows::Heap {
            values: self.values().to_vec(),
            lines: self.lines().to_vec(),
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("values", &self.values())
            .field("lines", &self.lines())
            .finish()
    }
}

impl Huge {
    /// None if more than [`LEFT_OVER`] of the pages would be, or if the system gives none.
    fn with_room(values: usize, lines: usize) -> Option<Huge> {
        let lines_at = (values * size_of::<f32>()).next_multiple_of(size_of::<Line>());
        let bytes = lines_at + lines * size_of::<Line>();
        let whole = bytes.next_multiple_of(HUGE_PAGE);
        if bytes == 0 || whole - bytes > LEFT_OVER {
            return None;
        }
        let map = MmapMut::map_anon(whole).ok()?;
        // Where huge pages are not to be had, these are pages like any others.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Some(Huge {
            map,
            lines_at,
            values: 0,
            lines: 0,
        })
    }

    fn has_room(&self, more_values: usize, more_lines: usize) -> bool {
        (self.values + more_values) * size_of::<f32>() <= self.lines_at
            && self.lines_at + (self.lines + more_lines) * size_of::<Line>() <= self.map.len()
    }

    fn value_bytes(&self) -> Range<usize> {
        0..self.values * size_of::<f32>()
    }

    fn line_bytes(&self) -> Range<usize> {
        self.lines_at..self.lines_at + self.lines * size_of::<Line>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: usize = 384;
    const LINES: usize = 6;

    fn row(at: usize) -> ([f32; VALUES], [Line; LINES]) {
        ([at as f32; VALUES], [Line([at as i8; 64]); LINES])
    }

    #[test]
    fn rows_in_huge_pages_are_those_of_the_heap() {
        let count = HUGE_PAGE / (4 * VALUES + 64 * LINES);
        let (mut heap, mut huge) = (Rows::default(), Rows::with_room(VALUES * count, LINES * count));
        assert!(matches!(huge, Rows::Huge(_)));
        heap.reserve(VALUES * count, LINES * count);
        let same = |a: &Rows, b: &Rows| {
            assert!(a.values() == b.values());
            assert!(a.lines() == b.lines());
        };
        for at in 0..count {
            let (values, lines) = row(at);
            heap.push(&values, &lines);
            huge.push(&values, &lines);
        }
        same(&heap, &huge);
        for rows in [&mut heap, &mut huge] {
            rows.values_mut()[VALUES..2 * VALUES].copy_from_slice(&row(900).0);
            rows.lines_mut()[LINES..2 * LINES].copy_from_slice(&row(90).1);
        }
        same(&heap, &huge);
        same(&heap, &huge.clone());
        // And they shrink and grow.
        for rows in [&mut heap, &mut huge] {
            rows.truncate(VALUES * 2, LINES * 2);
            rows.reserve(VALUES, LINES);
            rows.push(&row(7).0, &row(7).1);
        }
        same(&heap, &huge);
        assert_eq!(huge.values().len(), 3 * VALUES);
    }

    #[test]
    fn what_would_leave_much_of_a_huge_page_over_is_on_the_heap() {
        let is_huge = |values, lines| matches!(Rows::with_room(values, lines), Rows::Huge(_));
        assert!(!is_huge(0, 0));
        assert!(!is_huge(1, 1));
        assert!(!is_huge(HUGE_PAGE / 4, 1));
        assert!(is_huge(HUGE_PAGE / 4, 0));
        assert!(is_huge(HUGE_PAGE / 4 - 16, 1));
        assert!(is_huge(HUGE_PAGE / 2 - LEFT_OVER / 4, 0));
        assert!(!is_huge(HUGE_PAGE / 2 - LEFT_OVER / 4 - 16, 0));
    }
}
