//! Files of worlds with bytes changed, lost or added: an error or a world, never a panic.
use crate::edits::{changed, edits};
use proptest::prelude::*;
use rightly_planted::World;
use std::path::Path;

/// The world of docs/worlds.md, small.
fn world() -> String {
    let docs = include_str!("../../../../docs/worlds.md");
    let from = docs.find("```toml\n").unwrap() + 8;
    let text = &docs[from..from + docs[from..].find("```").unwrap()];
    text.replace("[64, 64]", "[16, 16]").replace("train = 120", "train = 6").replace("= 80", "= 4")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn worlds(edits in edits()) {
        let bytes = changed(world().as_bytes(), edits);
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        if let Ok(world) = World::from_text(Path::new("w.toml"), text)
            && world.size().0 * world.size().1 <= 10_000
        {
            // Every mutation that leaves a valid world has to render.
            for split in world.splits() {
                if let Some(scene) = world.scene(split, 0, 0) {
                    prop_assert_eq!((scene.image.width, scene.image.height), world.size());
                }
            }
        }
    }
}
