cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, 'import json, sys; open("new.txt", "w").write("new\n"); json.dump({"point": {"x": 1, "names": ["a"]}, "files": {"new": {"class": "File", "path": "new.txt"}, "given": {"class": "File", "path": sys.argv[1]}, "size": 2.5}, "data": [{"n": 1}]}, open("cwl.output.json", "w"))']
inputs:
  data: {type: File, inputBinding: {}}
outputs:
  point: {type: {type: record, fields: {x: int, names: "string[]"}}}
  files: {type: {type: record, fields: {new: File, given: File, size: float}}}
  data: {type: {type: array, items: {type: record, fields: {n: int}}}}
