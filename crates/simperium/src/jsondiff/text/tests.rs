use serde_json::Value;

use super::*;

fn work() -> Work {
    Work::new(Limits::default().work)
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// Whether each patch found its place.
fn placed(base: &str, local: &Delta, text: &str) -> Vec<bool> {
    let base = chars(base);
    let ops: Vec<_> = local.ops().collect::<Result<_, _>>().unwrap();
    let local = Decoded::new(&base, &ops).unwrap();
    let changes = local.changes(&base);
    let patches = patch::make(&base, &local.text, ["", ""], &changes, &mut work());
    if patches.is_empty() {
        return Vec::new();
    }
    rebase::apply(patches, &chars(text), &mut work()).found
}

#[test]
fn every_patch_finds_its_place_where_it_does_officially() {
    let file = include_str!("../../../tests/vectors/text_merge.json");
    let file: Value = serde_json::from_str(file).unwrap();
    for case in file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["agree"] == true)
    {
        let text = |key: &str| case[key].as_str().unwrap();
        let delta = diff(text("base"), text("a"));
        let found = placed(text("base"), &delta, text("b"));
        let all = |found: &[Value]| found.iter().all(|found| *found == true);
        let official = case["py"]["ok"].as_array().unwrap();
        assert_eq!(found.iter().all(|found| *found), all(official), "{case}");
        if case["py"]["delta"] == delta.as_str() {
            assert_eq!(Value::from(found), case["py"]["ok"], "{case}");
        }
    }
}

/// The ends of what is to be deleted are there, and most of the rest is not.
#[test]
fn what_replaces_a_text_is_kept_where_the_text_has_changed_too_much_to_be_deleted() {
    let base = "remember milk, eggs and the draft of a note; meet at the café on Tuesday at noon";
    let remote = "remember milk, eggs and the draft: GRÖSSE LÄNGE BREITE GRÖSSE, LÄNGE UND BREITE; \
                  HÖHE, NICHT TIEFE; at the café on Tuesday at noon";
    let local = diff(base, "#");
    assert_eq!(local.as_str(), "-80\t+#");
    let made = transform(base, &local, &diff(base, remote)).unwrap();
    assert_eq!(made.text, format!("#{remote}"));
    let lost: Vec<_> = made
        .lost
        .iter()
        .map(|lost| (&*lost.inserted, &*lost.deleted))
        .collect();
    assert_eq!(lost, [("", base)]);
}

#[test]
fn a_text_that_is_trimmed_is_rebased_as_a_whole_one() {
    let mut random = fastrand::Rng::with_seed(3);
    let words = [
        "lorem",
        "ipsum 😀",
        "dolor",
        "sit",
        "amet,",
        "consectetur\n",
        "日本",
    ];
    for _ in 0..30 {
        let base: String = (0..3000)
            .map(|_| format!("{} ", random.choice(words).unwrap()))
            .collect();
        let middle = base.char_indices().nth(8000).unwrap().0;
        let mut edit = |at: usize| {
            let at = base[at..].find(' ').unwrap() + at;
            format!(
                "{} {}{}",
                &base[..at],
                random.choice(words).unwrap(),
                &base[at..]
            )
        };
        let (local, remote) = (edit(middle), edit(middle + 100));
        let (ours, theirs) = (diff(&base, &local), diff(&base, &remote));
        let made = rebase(&base, &ours, &theirs, &mut work()).unwrap();
        assert!(made.inner.start > 0 && made.inner.end < base.len());
        let whole = transform(&base, &ours, &theirs).unwrap();
        assert_eq!(apply(&remote, &made.delta).unwrap(), whole.text);

        assert_eq!(whole.text, untrimmed(&base, &ours, &remote));
        assert_eq!(whole.delta, diff(&remote, &whole.text));
    }
}

/// What becomes of `remote` where the whole text is looked through.
fn untrimmed(base: &str, ours: &Delta, remote: &str) -> String {
    let ops: Vec<_> = ours.ops().collect::<Result<_, _>>().unwrap();
    let base = chars(base);
    let local = Decoded::new(&base, &ops).unwrap();
    let changes = local.changes(&base);
    let patches = patch::make(&base, &local.text, ["", ""], &changes, &mut work());
    let patched = rebase::apply(patches, &chars(remote), &mut work());
    patched.text.iter().collect()
}

#[test]
fn a_patch_moves_as_far_in_a_trimmed_text_as_in_a_whole_one() {
    const PLACE: usize = 30_000;
    let mut random = fastrand::Rng::with_seed(17);
    let mut furthest = 0;
    for distance in (40..560).step_by(20) {
        for left in [true, false] {
            // Its surroundings are there again but for one letter, and those it is
            // from are gone.
            let mut base: Vec<u8> = (0..60_000).map(|_| random.u8(b'a'..=b'z')).collect();
            let around = PLACE - 16..PLACE + 16;
            let copy = if left {
                around.start - distance
            } else {
                around.start + distance
            };
            base.copy_within(around.clone(), copy);
            base[copy + 17] = b'#';
            let mut remote = base.clone();
            remote[around].fill(b'-');
            let mut local = base.clone();
            local.insert(PLACE, b'+');
            let [base, local, remote] =
                [base, local, remote].map(|s| String::from_utf8(s).unwrap());
            let (ours, theirs) = (diff(&base, &local), diff(&base, &remote));

            let made = rebase(&base, &ours, &theirs, &mut work()).unwrap();
            assert!(made.inner.start > 0 && made.inner.end < base.len());
            let whole = transform(&base, &ours, &theirs).unwrap();
            assert_eq!(whole.text, untrimmed(&base, &ours, &remote), "{distance}");
            assert_eq!(apply(&remote, &made.delta).unwrap(), whole.text);
            if whole.text.contains('+') {
                furthest = distance;
            }
        }
    }
    assert!(furthest > 400, "{furthest}");
}

#[test]
fn a_delta_is_the_same_with_and_without_long_common_ends() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..300 {
        let mut word = |max: usize| -> String {
            (0..random.usize(0..max))
                .map(|_| random.choice(['a', 'b', '😀', '\n']).unwrap())
                .collect()
        };
        let (prefix, old, new, suffix) = (word(300), word(8), word(8), word(300));
        let (old, new) = (prefix.clone() + &old + &suffix, prefix + &new + &suffix);
        let (a, b) = (chars(&old), chars(&new));
        let mut edits = differ::diff(&a, &b, true, &mut work());
        if edits.len() > 2 {
            cleanup::efficiency(&mut edits, &a, &b, &mut work());
        }
        assert_eq!(
            diff(&old, &new),
            to_delta(&edits, &a, &b, 0, 0),
            "{old:?} {new:?}"
        );
    }
}

#[test]
fn without_work_left_the_delta_is_coarse_and_right() {
    let old: String = (0..2000).map(|n| format!("line {n}\n")).collect();
    let new: String = (0..2000)
        .map(|n| format!("line {}\n", n * 7 % 2000))
        .collect();
    for steps in [0, 1, 10, 1000, 100_000] {
        let delta = diff_within(&old, &new, &mut Work::new(steps));
        assert_eq!(apply(&old, &delta).unwrap(), new, "{steps}");
    }
}

/// As npm has it for shorter ones; for these it takes too long.
#[test]
fn texts_that_repeat_themselves_are_shifted() {
    let ab = "ab".repeat(50_000);
    let ba = "ba".repeat(50_000);
    assert_eq!(diff(&ab, &ba).as_str(), "+b\t=99999\t-1");
    assert_eq!(diff(&ba, &ab).as_str(), "+a\t=99999\t-1");
    let abc = "abc".repeat(30_000);
    let delta = diff(&abc, &format!("c{}", &abc[..80_000]));
    assert_eq!(delta.as_str(), "-2\t=80001\t-9997");
}

#[test]
fn texts_that_repeat_themselves_are_no_trap() {
    let a = |n: usize| "a".repeat(n);
    let ab = |n: usize| "ab".repeat(n);
    let mut cases = vec![(a(5000) + "b" + &a(5000), a(4000) + "bb" + &a(6000))];
    cases.push((ab(4000), "ba".repeat(3900) + "c"));
    cases.push((ab(4000).replace("abab", "abba"), ab(4000)));
    cases.push((a(8000), "b".repeat(8000)));
    let lines: String = (0..2000).map(|n| format!("{}\n", n % 7)).collect();
    cases.push((lines.clone(), lines.replace('3', "4").replace("6\n", "")));
    let every: String = (0..3000)
        .map(|n| if n % 3 == 0 { 'x' } else { 'a' })
        .collect();
    cases.push((every.clone(), every.replace('x', "yy")));
    // So little that none of them may take a step for every pair of characters.
    let work = || Work::new(500_000);
    for (old, new) in cases {
        let longer = new.clone() + "end";
        let delta = diff_within(&old, &new, &mut work());
        assert_eq!(apply(&old, &delta).unwrap(), new);
        let there = diff_within(&new, &old, &mut work());
        let back = diff_within(&new, &longer, &mut work());
        let made = transform_within(&new, &back, &there, &mut work()).unwrap();
        assert_eq!(apply(&old, &made.delta).unwrap(), made.text);
        let made = transform_within(&new, &there, &back, &mut work()).unwrap();
        assert_eq!(apply(&longer, &made.delta).unwrap(), made.text);
    }
}
