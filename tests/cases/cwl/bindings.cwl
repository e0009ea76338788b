cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
arguments: [first, {valueFrom: second, prefix: --fixed}, {valueFrom: last, position: 9}]
inputs:
  zeta: {type: string, inputBinding: {position: 1, prefix: -z}}
  alpha: {type: string, inputBinding: {position: 1, prefix: --alpha=, separate: false}}
  count: {type: int, inputBinding: {position: -1, prefix: -n}}
  big: {type: long, inputBinding: {position: 2}}
  small: {type: float, inputBinding: {position: 2}}
  ratio: {type: double, inputBinding: {position: 2, prefix: --ratio}}
  loud: {type: boolean, inputBinding: {position: 3, prefix: --loud}}
  quiet: {type: boolean, inputBinding: {position: 3, prefix: --quiet}}
  data: {type: File, inputBinding: {position: 4, prefix: -f}}
  dashed: {type: string, inputBinding: {position: 5}}
  nothing: {type: "string?", inputBinding: {position: 6, prefix: --nothing}}
  kind: {type: {type: enum, symbols: [fast, exact]}, default: exact, inputBinding: {position: 7}}
  unbound: int
outputs:
  argv: {type: stdout}
stdout: line.json
