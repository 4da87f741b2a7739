//! The generation words: 64-bit counters at addresses that stay valid for the life of the process.
//!
//! A binding keeps a credential together with the generation it was validated at and compares the two with one load.
//! A word is a hint, never a guard of memory: a read that races with the end of its secret sees a counter that moved,
//! because words are never unmapped, only lent again, and each of them only grows.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// One counter, alone on its pair of cache lines.
#[derive(Debug)]
#[repr(align(128))]
struct Cell {
    word: AtomicU64,
    lent: AtomicBool,
}

impl Cell {
    const fn new() -> Cell {
        Cell { word: AtomicU64::new(0), lent: AtomicBool::new(false) }
    }
}

/// The first block is all zeros and costs nothing until it is touched; further ones are made on need and never freed.
const FIRST_BLOCK: usize = 4096;
static FIRST: [Cell; FIRST_BLOCK] = [const { Cell::new() }; FIRST_BLOCK];
static MORE: [OnceLock<Box<[Cell]>>; 20] = [const { OnceLock::new() }; 20];
/// How many cells, counted from the first, were ever lent.
static TOUCHED: AtomicUsize = AtomicUsize::new(0);

/// The exclusive loan of one word. Ending the loan moves the word.
#[derive(Debug)]
pub struct Word(&'static Cell);

impl Word {
    /// Borrows a word for a new secret.
    pub fn borrow() -> Word {
        let mut index = 0;
        let mut block: &'static [Cell] = &FIRST;
        let mut more = MORE.iter().enumerate();
        loop {
            for cell in block {
                index += 1;
                if cell.lent.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                    TOUCHED.fetch_max(index, Ordering::AcqRel);
                    let word = Word(cell);
                    word.advance();
                    return word;
                }
            }
            let (nth, next) = more.next().expect("four thousand million secrets are more than a process can hold");
            block = next.get_or_init(|| (0..FIRST_BLOCK << nth).map(|_| Cell::new()).collect());
        }
    }

    /// The counter, readable by anybody, for ever.
    pub fn counter(&self) -> &'static AtomicU64 {
        &self.0.word
    }

    /// The counter's present value.
    pub fn load(&self) -> u64 {
        self.0.word.load(Ordering::Acquire)
    }

    /// Moves the counter: whoever kept a credential asks again.
    pub fn advance(&self) {
        self.0.word.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        self.advance();
        self.0.lent.store(false, Ordering::Release);
    }
}

/// Moves every word that was ever lent, by two: a fork may have come between the storing of a value and the step of its
/// word, and a single step would make that value look validated. Loads and adds atomics only, so a fork handler may call
/// it.
pub fn move_all_words() {
    let mut left = TOUCHED.load(Ordering::Acquire);
    let more = MORE.iter().filter_map(|block| block.get()).map(|block| &**block);
    for block in std::iter::once(&FIRST[..]).chain(more) {
        for cell in block.iter().take(left) {
            cell.word.fetch_add(2, Ordering::AcqRel);
        }
        left = left.saturating_sub(block.len());
    }
}

#[cfg(all(test, not(kmsramcred_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_only_grows_even_when_lent_again() {
        let first = Word::borrow();
        let counter = first.counter();
        let seen = first.load();
        drop(first);
        assert!(counter.load(Ordering::Acquire) > seen);
        let again: Vec<Word> = (0..8).map(|_| Word::borrow()).collect();
        assert!(counter.load(Ordering::Acquire) > seen);
        drop(again);
    }

    #[test]
    fn words_are_apart() {
        let (one, two) = (Word::borrow(), Word::borrow());
        let apart = (std::ptr::from_ref(one.counter()) as usize).abs_diff(std::ptr::from_ref(two.counter()) as usize);
        assert!(apart >= 128, "two words share a cache line: {apart} bytes apart");
    }

    #[test]
    fn moving_all_words_moves_each_of_them() {
        let words: Vec<Word> = (0..FIRST_BLOCK + 3).map(|_| Word::borrow()).collect();
        let before: Vec<u64> = words.iter().map(Word::load).collect();
        move_all_words();
        assert!(words.iter().zip(before).all(|(word, before)| word.load() > before));
    }
}
