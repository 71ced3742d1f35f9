//! The file of a planted world; small worlds are planned and drawn.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_planted::World;
use std::path::Path;

fuzz_target!(|text: &str| {
    let Ok(world) = World::from_text(Path::new("world.toml"), text) else { return };
    let (width, height) = world.size();
    if width * height > 64 * 64 || text.len() > 1 << 14 {
        return;
    }
    let plan = world.plan(1);
    let _ = world.truths(&plan);
    let count = plan.images.len();
    for planned in plan.images.iter().step_by(count.div_ceil(4).max(1)) {
        let scene = world.render(planned, 1);
        assert_eq!(scene.image.data.len(), width * height * 3);
        assert_eq!(scene.mask.data.len(), width * height);
    }
});
