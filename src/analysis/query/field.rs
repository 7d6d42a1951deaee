//! The fields of a query, each with the shape of its values.

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Number,
    /// Seconds; written as `90s`, `5m`, `3h`, `1d`, `2w`. Without an operator: at most.
    Time,
    /// See [`severity_rank`].
    Severity,
}

macro_rules! fields {
    ($($field:ident $name:literal $shape:ident $meaning:literal;)*) => {
        /// A field of the query language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $($field,)* }

        impl Field {
            /// Every field in the order of the documentation: name, shape and meaning.
            pub const ALL: &'static [(Field, &'static str, Shape, &'static str)] =
                &[$((Field::$field, $name, Shape::$shape, $meaning),)*];
        }
    };
}

fields! {
    Ns "ns" Text "namespace";
    Pod "pod" Text "name of a pod";
    Workload "workload" Text "name of the owner, or Kind/name";
    Sa "sa" Text "service account";
    Role "role" Text "name or ARN of an IAM role";
    Node "node" Text "name of a node";
    Mech "mech" Text "source of credentials: pi ir nd st -- unknown";
    Sev "sev" Severity "worst severity: crit high med low info";
    Rule "rule" Text "name of a problem or finding";
    Action "action" Text "IAM action";
    Svc "svc" Text "AWS service";
    Level "level" Text "access level";
    Res "res" Text "resource ARN or name";
    Acct "acct" Text "AWS account; `other` for one that is not the cluster's";
    Label "label" Text "label, as key=value or key";
    Image "image" Text "container image";
    Status "status" Text "phase of a pod";
    Seen "seen" Text "declared against carried: same, differs, none, unknown";
    Used "used" Time "time since the role was last used";
    Changed "changed" Time "time since the last change";
    Path "path" Text "kind of a step on the way";
    Age "age" Time "age of the newest pod or object";
    Pods "pods" Number "number of pods";
    Hops "hops" Number "number of steps";
    Verdict "verdict" Text "works broken falls-back none unknown; allow deny cond unk";
}

impl Field {
    fn row(self) -> &'static (Field, &'static str, Shape, &'static str) {
        &Field::ALL[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.row().1
    }

    pub fn shape(self) -> Shape {
        self.row().2
    }

    pub fn meaning(self) -> &'static str {
        self.row().3
    }

    pub fn from_name(name: &str) -> Option<Field> {
        Field::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The field whose name is nearest to a wrong one, if any is near at all.
    pub fn nearest(name: &str) -> Option<Field> {
        let distance = |row: &&(Field, &str, Shape, &str)| strsim::osa_distance(row.1, name);
        let best = Field::ALL.iter().min_by_key(distance)?;
        let starts = |row: &&(Field, &str, Shape, &str)| {
            !name.is_empty() && (row.1.starts_with(name) || name.starts_with(row.1))
        };
        if distance(&best) <= 1 {
            return Some(best.0);
        }
        Field::ALL.iter().find(starts).or((distance(&best) == 2 && name.len() > 3).then_some(best)).map(|row| row.0)
    }
}

/// Rank of a severity word or letter: `info` is 0, `crit` is 4.
pub fn severity_rank(word: &str) -> Option<i64> {
    let words: [&[&str]; 5] =
        [&["info", "i"], &["low", "l"], &["med", "medium", "m"], &["high", "h"], &["crit", "critical", "c"]];
    let word = word.to_lowercase();
    let rank = words.iter().position(|names| names.contains(&word.as_str()))?;
    i64::try_from(rank).ok()
}

/// Seconds of `90s`, `5m`, `3h`, `1d`, `2w`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let scale = match unit.to_ascii_lowercase() {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    number.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_declaration_order_and_names_are_unique() {
        for (at, row) in Field::ALL.iter().enumerate() {
            assert_eq!(row.0 as usize, at);
            assert_eq!(Field::from_name(row.1), Some(row.0));
        }
    }

    #[test]
    fn a_misspelt_field_finds_its_neighbour() {
        assert_eq!(Field::nearest("nsp"), Some(Field::Ns));
        assert_eq!(Field::nearest("serverity"), None);
        assert_eq!(Field::nearest("rol"), Some(Field::Role));
        assert_eq!(Field::nearest("worklaod"), Some(Field::Workload));
        assert_eq!(Field::nearest("severity"), Some(Field::Sev));
        assert_eq!(Field::nearest("xyz"), None);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(seconds("3h"), Some(10_800));
        for text in ["", "h", "3", "3y", "99999999999999999d", "3é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
