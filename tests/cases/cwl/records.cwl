cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
arguments: [{valueFrom: between, position: 2}]
inputs:
  bound:
    type:
      type: record
      fields:
        b: {type: string, inputBinding: {position: 1, prefix: -b}}
        a: {type: File, inputBinding: {position: 1}}
    inputBinding: {position: 3, prefix: --bound}
  said:
    type: {type: record, fields: {a: string, b: {type: int, inputBinding: {prefix: -s, position: 2}}}}
    inputBinding: {position: 6, prefix: --said=, separate: false, valueFrom: $(self.a)/$(self.b)}
  loose:
    type:
      type: record
      fields:
        - {name: late, type: int, inputBinding: {position: 5, prefix: --late}}
        - {name: early, type: "string?", inputBinding: {position: 1, prefix: --early}}
  word: {type: string, inputBinding: {position: 4, valueFrom: $(inputs.loose.late)-$(self)}}
outputs:
  argv: {type: stdout}
stdout: line.json
