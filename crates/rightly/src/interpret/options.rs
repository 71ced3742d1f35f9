//! What `interpret` does and how.

/// Options of the stage.
#[derive(Debug, Clone)]
pub struct InterpretOptions {
    /// Worker threads; results do not depend on it.
    pub threads: usize,
}

impl Default for InterpretOptions {
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get) }
    }
}

impl InterpretOptions {
    /// The options as `run.toml` records them.
    pub fn to_table(&self) -> toml::Table {
        toml::Table::new()
    }
}
