#!/bin/sh
# Counts the words of all files in a folder: count.sh [-i] [-m LENGTH] -o TABLE FOLDER
set -eu
length=1 table= fold=cat
while getopts "im:o:" option; do
  case $option in
    i) fold="tr A-Z a-z" ;;
    m) length=$OPTARG ;;
    o) table=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))

LC_ALL=C
export LC_ALL
{
  echo "word,count"
  cat "$1"/* | tr -cs A-Za-z '\n' | $fold |
    awk -v length_min="$length" 'length($0) >= length_min { seen[$0]++ }
      END { for (word in seen) print word "," seen[word] }' |
    sort -t, -k2,2nr -k1,1
} > "$table"
echo "$(($(wc -l < "$table") - 1)) different words"
