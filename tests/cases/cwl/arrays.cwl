cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
inputs:
  plain: {type: "string[]", inputBinding: {position: 1, prefix: -A}}
  each:
    type: {type: array, items: string, inputBinding: {prefix: -B=, separate: false}}
    inputBinding: {position: 2}
  joined: {type: "int[]", inputBinding: {position: 3, prefix: -C=, itemSeparator: ",", separate: false}}
  apart: {type: "string[]", inputBinding: {position: 4, prefix: -D, itemSeparator: ";"}}
  empty: {type: "string[]", inputBinding: {position: 5, prefix: -E}}
  inner:
    type: {type: array, items: string, inputBinding: {position: 0, prefix: -F}}
  nested:
    type:
      type: array
      items: {type: array, items: string}
      inputBinding: {prefix: -G, itemSeparator: ","}
    inputBinding: {position: 7}
  deep:
    type: {type: array, items: {type: array, items: int}}
    inputBinding: {position: 8, prefix: -H}
  said: {type: "string[]", inputBinding: {position: 9, valueFrom: "$(self[1])"}}
  files: {type: "File[]", inputBinding: {position: 10, prefix: -I, itemSeparator: ","}}
  more: {type: "File[]", inputBinding: {position: 11}}
outputs:
  argv: {type: stdout}
stdout: line.json
