"""The release gate as a whole: every rule, with and without running notebooks, in one report that is shown, kept and frozen."""
