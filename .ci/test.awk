# Reads `go test -v ./...`: passes on one line a package, the whole output of a package that fails, and the reasons
# of skipped tests at the end. A test that was skipped in one run and passed in a later one was not skipped. With strict
# set, a skipped test is a failure. The package of a test is known at the package's own line, which comes last.
BEGIN { ran = left = n = 0 }
function settle(package,   i) {
    for (i = 0; i < ran; i++) delete skipped[package " " ranName[i]]
    for (i = 0; i < left; i++) { skipped[package " " leftName[i]] = leftWhy[i]; order[seen++] = package " " leftName[i] }
    ran = left = n = 0
}
{ held[n++] = $0 }
/^ *--- PASS:/ { passed++; ranName[ran++] = $3; next }
/^ *--- FAIL:/ { failed++; next }
/^ *--- SKIP:/ { leftName[left] = $3; leftWhy[left++] = reason; next }
# What the test said before its result line: the reason is the last line that names a place in a test file.
/^ +[a-zA-Z0-9_]+_test\.go:[0-9]+: / { reason = $0; sub(/^ +[a-zA-Z0-9_]+_test\.go:[0-9]+: /, "", reason); next }
/^ok .*\[no tests to run\]$/ { settle($2); next }
/^\?/ || /^\t.*coverage:/ { n = 0; next }
/^ok/ { print; fflush(); settle($2); next }
/^FAIL\t/ { bad = 1; for (i = 0; i < n; i++) print held[i]; fflush(); settle($2); next }
END {
    for (i = 0; i < n; i++) if (held[i] != "FAIL") { print held[i]; bad = 1 }
    for (i = 0; i < seen; i++) if (order[i] in skipped) {
        if (!count++) print "\nskipped:"
        print "    " order[i] ": " skipped[order[i]]
    }
    printf "%d passed, %d failed, %d skipped\n", passed, failed, count + 0
    if (bad || failed || passed == 0) exit 1
    if (strict && count) { print "nothing may be skipped here (ZORPGO_REQUIRE_LAB is set)"; exit 1 }
}
