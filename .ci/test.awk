# Reads `go test -v ./...`: passes on one line a package, the whole output of a package that fails, and the reasons
# of skipped tests at the end. With strict set, a skipped test is a failure.
{ held[n++] = $0 }
/^ *--- PASS:/ { passed++; next }
/^ *--- FAIL:/ { failed++; next }
/^ *--- SKIP:/ { skips[skipped++] = $3 ": " reason; next }
# What the test said before its result line: the reason is the last line that names a place in a test file.
/^ +[a-zA-Z0-9_]+_test\.go:[0-9]+: / { reason = $0; sub(/^ +[a-zA-Z0-9_]+_test\.go:[0-9]+: /, "", reason); next }
/^(ok|\?) / || /^(ok|\?)\t/ || /^\t.*coverage:/ { print; fflush(); n = 0; next }
/^FAIL\t/ { bad = 1; for (i = 0; i < n; i++) print held[i]; fflush(); n = 0; next }
END {
    for (i = 0; i < n; i++) if (held[i] != "FAIL") { print held[i]; bad = 1 }
    if (skipped) print "\nskipped:"
    for (i = 0; i < skipped; i++) print "    " skips[i]
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    if (bad || failed || passed == 0) exit 1
    if (strict && skipped) { print "nothing may be skipped here (ZORPGO_REQUIRE_LAB is set)"; exit 1 }
}
