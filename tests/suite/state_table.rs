//! What the Terraform module lets the functions do with the table: what the store does, and no more.

use std::collections::BTreeSet;
use std::path::Path;

use statuswatch::store::PERMISSIONS;

#[test]
fn the_module_grants_what_the_store_does_and_no_more() {
    let module =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/state.tf")).unwrap();
    let granted: Vec<&str> = module.split('"').filter(|text| text.starts_with("dynamodb:")).collect();
    assert_eq!(granted.len(), PERMISSIONS.len(), "{granted:?}");
    assert_eq!(BTreeSet::from_iter(granted), BTreeSet::from(PERMISSIONS));
}
