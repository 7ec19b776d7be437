//! A text under change, as pieces of two buffers that never move.

use std::ops::Range;

/// Which buffer a piece is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The text as it was.
    Original,
    /// What has been put in since.
    Added,
}

#[derive(Clone, Debug)]
struct Piece {
    source: Source,
    range: Range<usize>,
}

/// The text, and what was cut out of it.
#[derive(Debug)]
pub(crate) struct Pieces {
    original: Vec<char>,
    added: Vec<char>,
    pieces: Vec<Piece>,
    len: usize,
    /// Where the last look-up ended: a piece and the place it begins at.
    /// Patches go from left to right, so the next one is near.
    near: (usize, usize),
    cut: Vec<(Source, Range<usize>)>,
}

impl Pieces {
    pub(crate) fn new(original: Vec<char>) -> Self {
        let len = original.len();
        let whole = Piece {
            source: Source::Original,
            range: 0..len,
        };
        Self {
            original,
            added: Vec::new(),
            pieces: vec![whole],
            len,
            near: (0, 0),
            cut: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What was cut out, in the order it was.
    pub(crate) fn cut(&self) -> &[(Source, Range<usize>)] {
        &self.cut
    }

    pub(crate) fn buffer(&self, source: Source) -> &[char] {
        match source {
            Source::Original => &self.original,
            Source::Added => &self.added,
        }
    }

    /// The piece that holds `at`, or ends there, and where it begins.
    fn locate(&mut self, at: usize) -> (usize, usize) {
        let (mut piece, mut begin) = self.near;
        while piece > 0 && at < begin {
            piece -= 1;
            begin -= self.pieces[piece].range.len();
        }
        while piece + 1 < self.pieces.len() && at > begin + self.pieces[piece].range.len() {
            begin += self.pieces[piece].range.len();
            piece += 1;
        }
        self.near = (piece, begin);
        self.near
    }

    /// Appends the characters of a range, cut to the text, to `out`.
    pub(crate) fn copy(&mut self, range: Range<usize>, out: &mut Vec<char>) {
        let (piece, begin) = self.locate(range.start);
        for (source, range) in self.spans_from(piece, begin, range) {
            out.extend_from_slice(&self.buffer(source)[range]);
        }
    }

    /// Where the characters of a range, cut to the text, are from.
    pub(crate) fn spans(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (Source, Range<usize>)> {
        self.spans_from(0, 0, range)
    }

    fn spans_from(
        &self,
        first: usize,
        mut begin: usize,
        range: Range<usize>,
    ) -> impl Iterator<Item = (Source, Range<usize>)> {
        let end = range.end.min(self.len);
        self.pieces[first..].iter().map_while(move |piece| {
            if begin >= end {
                return None;
            }
            let size = piece.range.len();
            let from = range.start.saturating_sub(begin).min(size);
            let to = (end - begin).min(size).max(from);
            begin += size;
            Some((
                piece.source,
                piece.range.start + from..piece.range.start + to,
            ))
        })
    }

    /// Puts `inserted` in the place of a range, which is cut to the text.
    pub(crate) fn splice(&mut self, range: Range<usize>, inserted: &[char]) {
        let end = range.end.min(self.len);
        let start = range.start.min(end);
        let (first, begin) = self.locate(start);
        let mut new: Vec<Piece> = Vec::with_capacity(3);
        let piece = self.pieces[first].clone();
        let keep = start - begin;
        if keep > 0 {
            let range = piece.range.start..piece.range.start + keep;
            new.push(Piece { range, ..piece });
        }
        if !inserted.is_empty() {
            let from = self.added.len();
            self.added.extend_from_slice(inserted);
            new.push(Piece {
                source: Source::Added,
                range: from..self.added.len(),
            });
        }
        // Cuts pieces until the range is through, and keeps the end of the last.
        let mut next = first;
        let mut at = begin;
        while let Some(piece) = self.pieces.get(next) {
            let size = piece.range.len();
            let from = start.saturating_sub(at).min(size);
            let to = end.saturating_sub(at).min(size);
            if from < to {
                let cut = piece.range.start + from..piece.range.start + to;
                self.cut.push((piece.source, cut));
            }
            next += 1;
            at += size;
            if at >= end {
                if to < size {
                    let range = piece.range.start + to..piece.range.end;
                    new.push(Piece {
                        source: piece.source,
                        range,
                    });
                }
                break;
            }
        }
        if new.is_empty() {
            new.push(Piece {
                source: Source::Added,
                range: 0..0,
            });
        }
        self.pieces.splice(first..next, new);
        self.len = self.len - (end - start) + inserted.len();
        self.near = (first, begin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splices_are_those_of_a_vector() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut plain: Vec<char> = "the text as it was, of some length".chars().collect();
        let mut pieces = Pieces::new(plain.clone());
        for step in 0..2000 {
            let start = random.usize(0..=plain.len());
            let end = (start + random.usize(0..6)).min(plain.len());
            let inserted: Vec<char> = (0..random.usize(0..5))
                .map(|_| random.lowercase())
                .collect();
            pieces.splice(start..end, &inserted);
            plain.splice(start..end, inserted);
            assert_eq!(pieces.len(), plain.len());
            let from = random.usize(0..=plain.len());
            let mut window = Vec::new();
            pieces.copy(from..from + 20, &mut window);
            assert_eq!(window, plain[from..(from + 20).min(plain.len())], "{step}");
        }
        let mut all = Vec::new();
        pieces.copy(0..pieces.len(), &mut all);
        assert_eq!(all, plain);
    }
}
