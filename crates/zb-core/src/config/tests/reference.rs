//! The page of all settings.

use std::{env, fs, path::Path};

#[test]
fn the_reference_of_settings_is_what_their_declaration_gives() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/configuration.md");
    let declared = crate::reference();
    if env::var_os("ZB_BLESS").is_some() {
        fs::create_dir_all(page.parent().unwrap()).unwrap();
        fs::write(&page, &declared).unwrap();
    }
    let written = fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == declared,
        "docs/reference/configuration.md is not what is declared; write it anew with ZB_BLESS=1"
    );
    for setting in crate::declared() {
        assert!(written.contains(&format!("| `{}` |", setting.key())));
    }
}
