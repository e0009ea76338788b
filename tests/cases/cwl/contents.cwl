cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
arguments: ["$(inputs.name.contents)", "<$(inputs.name.contents)>", "$(inputs.many[1].contents)"]
inputs:
  name: {type: File, loadContents: true}
  said: {type: File, loadContents: true, inputBinding: {position: 1, prefix: -s, valueFrom: $(self.contents)}}
  many: {type: "File[]", loadContents: true}
  options:
    type:
      type: record
      fields:
        note: {type: File, loadContents: true, inputBinding: {position: 2, valueFrom: "$(self.basename): $(self.contents)"}}
outputs:
  argv: {type: stdout}
stdout: line.json
