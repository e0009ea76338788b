cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
arguments:
  - $(inputs.options.inner)
  - {prefix: -w, valueFrom: "$(inputs.options)"}
  - point=$(inputs.point)
  - maybe=$(inputs.maybe)
  - $(inputs.options.inner.end)
inputs:
  options:
    type:
      type: record
      fields:
        word: string
        inner: {type: {type: record, fields: {deep: int, end: string}}}
  point:
    type: {type: record, fields: {x: int, y: float, note: "string?"}}
    default: {x: 1, y: 0.5}
  maybe: {type: ["null", {type: record, fields: {n: int}}]}
outputs:
  argv: {type: stdout}
  all: {type: Any, outputBinding: {outputEval: $(inputs.point)}}
stdout: line.json
