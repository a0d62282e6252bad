//! The extension: its entry point and settings. Its classes are registered by the shim (`shim/class.c`).

use ext_php_rs::{
    flags::IniEntryPermission,
    prelude::*,
    zend::{IniEntryDef, IniEntryDefs, ModuleEntry},
};

use super::sys;
use crate::server;

/// Settings, all of them read at the first wait call.
static SETTINGS: IniEntryDefs<6> = IniEntryDefs::new([
    // Whether the server may serve as root.
    IniEntryDef::new(c"roadrunner.allow_root", c"0", IniEntryPermission::System),
    // Path of the configuration file.
    IniEntryDef::new(c"roadrunner.config", c"", IniEntryPermission::System),
    // Overrides of its keys, `section.key=value`: one a line, or with `;` between them.
    IniEntryDef::new(c"roadrunner.override", c"", IniEntryPermission::System),
    // Whether keys that are not supported are warned of instead of refused.
    IniEntryDef::new(c"roadrunner.lenient", c"0", IniEntryPermission::System),
    // Scripts that a thread runs before a new thread takes its place; 0 = no limit.
    IniEntryDef::new(c"roadrunner.thread_runs", c"0", IniEntryPermission::System),
    IniEntryDef::end(),
]);

fn startup(_kind: i32, module: i32) -> i32 {
    IniEntryDef::register(SETTINGS.as_slice(), module);
    server::claim();
    // SAFETY: MINIT, on the only thread.
    unsafe { sys::rr_startup() };
    0
}

unsafe extern "C" fn information(_module: *mut ModuleEntry) {
    use ext_php_rs::{info_table_end, info_table_row, info_table_start};
    info_table_start!();
    info_table_row!("RoadRunner", env!("CARGO_PKG_VERSION"));
    info_table_end!();
}

/// The extension's name in a PHP that is not thread-safe. Such a PHP refuses it, and says so in a sentence that starts
/// with the name.
const REFUSED: &str = "roadrunner needs a thread-safe (ZTS) PHP: use one of which \"php -v\" says ZTS (built with \
                       --enable-zts) instead of this one, which is not (NTS)";

#[php_module]
#[php(startup = startup)]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    // SAFETY: PHP is loading the extension, and nothing of it was called yet.
    let name = if unsafe { sys::rr_tsrm_find() } { "roadrunner" } else { REFUSED };
    module.name(name).info_function(information)
}
