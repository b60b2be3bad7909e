# Rows of queue.csv or loader.csv (variable: what) to what front.gp draws: height (downwards), median, who, 1 for headrace, text.
BEGIN {
  FS = OFS = ","
  split("headrace|moodycamel-tokens|moodycamel|vyukov|mutex+cond|tbb|boost", peers, "|")
  said["fread"] = "fread as llm.c"
  said["headrace-python"] = "headrace from Python"
  said["moodycamel-tokens"] = "moodycamel tokens (no order)"
  said["moodycamel"] = "moodycamel (no order)"
  said["vyukov"] = "Vyukov's ring"
  said["mutex+cond"] = "mutex and conditions"
  said["tbb"] = "TBB"
  said["boost"] = "boost::lockfree"
}
function draw(median, who, ours) { print -(++line), median, who, ours, sprintf(median < 100 ? "%.3g" : "%d", median) }
what == "queue" && $2 == "8p8c" && $3 == 1024 { found[$4] = $5 }
what == "loader" && $2 ~ /^shuffled-32x1024-[0-9]+\.first$/ && $4 !~ /^limit$|^memcpy$|^headrace-python-|-numpy$/ {
  workers = $2
  gsub(/^.*-|\.first$/, "", workers)
  draw(1000 * $5, ($4 in said ? said[$4] : $4) " " (workers == 0 ? "in the trainer" : workers), $4 ~ /^headrace/)
}
END {
  for (i = 1; i in peers; i++)
    if (peers[i] in found) draw(found[peers[i]], peers[i] in said ? said[peers[i]] : peers[i], peers[i] == "headrace")
}
