//! Disks that are full, and commits that fail.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use zb_core::ErrorKind;

use super::case::{Case, case, impatient};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case(
            "a disk that is full for one commit delays the rows",
            r#"{ on = "commit", nth = 2, do = "disk_full" }"#,
        ),
        case(
            "a disk that is full for some commits delays the rows",
            r#"{ on = "commit", from = 2, times = 5, do = "disk_full" }"#,
        ),
        case(
            "a disk that stays full leaves the rows unknown",
            r#"{ on = "commit", do = "disk_full" }"#,
        )
        .options(|options| options.retry(impatient()))
        .fails(ErrorKind::Unavailable)
        .once(),
        case(
            "a commit that fails for another reason delays the rows",
            r#"{ on = "commit", nth = 3, do = "fail", reason = "another writer was faster" }"#,
        )
        .sends(1, 30, 50),
        case(
            "a disk that is slow to commit holds the acknowledgements back",
            r#"{ on = "commit", nth = 2, do = "freeze", lasting = "400ms" }"#,
        )
        .once(),
    ];
    if can_mount() {
        cases.push(
            case("a real disk that is full for a while delays the rows", "")
                .during(|stage| {
                    Box::pin(async move {
                        stage.acknowledged(200).await;
                        let filler = fill(&stage.lake);
                        stage.attempts(3).await;
                        fs::remove_file(filler).unwrap();
                        let more = stage.witness.seen().acknowledged + 200;
                        stage.acknowledged(more).await;
                    })
                })
                .on_small_disk(),
        );
    } else {
        println!("skipped: a real disk that is full, which takes the right to mount one");
    }
    cases
}

/// A disk of half a megabyte, in memory; unmounted when dropped.
pub(super) struct SmallDisk(PathBuf);

impl SmallDisk {
    pub(super) fn at(directory: &Path) -> Self {
        fs::create_dir_all(directory).unwrap();
        assert!(mount(directory), "a disk cannot be mounted");
        Self(directory.to_path_buf())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("--lazy")
            .arg(&self.0)
            .status()
            .ok();
    }
}

fn mount(directory: &Path) -> bool {
    let options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"];
    let mut mount = Command::new("mount");
    let output = mount.args(options).arg(directory).output();
    output.is_ok_and(|output| output.status.success())
}

fn can_mount() -> bool {
    let directory = tempfile::tempdir().unwrap();
    mount(directory.path()) && {
        drop(SmallDisk(directory.path().to_path_buf()));
        true
    }
}

/// Takes what room there is.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = fs::File::create(&path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    while file.write_all(&[0]).is_ok() {}
    path
}
