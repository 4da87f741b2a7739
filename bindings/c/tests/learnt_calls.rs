//! The sequences of calls that fuzzing found worth keeping, with a KMS that answers and rotates. In a program of its own: what is
//! left over is counted for the whole process.

mod c;
mod calls;

use calls::{Cloud, World, from_bytes, take_all};

#[test]
fn every_committed_sequence_is_survived() {
    let cloud: &'static Cloud = Box::leak(Box::new(Cloud::start()));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/call_sequences");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} is empty");
    for file in files {
        let steps = from_bytes(&std::fs::read(&file).unwrap());
        assert!(!steps.is_empty(), "{} stands for no call", file.display());
        assert_eq!(take_all(World::of(Some(cloud)), &steps, (0, 0)), (0, 0), "left over by {}", file.display());
    }
}
