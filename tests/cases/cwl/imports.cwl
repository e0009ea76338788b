cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, {$include: parts/print.txt}]
arguments:
  - first
  - $import: parts/words.yml
inputs:
  word: string
  options: {type: {$import: parts/options.yml}, inputBinding: {position: 1}}
outputs:
  argv: {type: stdout}
stdout: line.json
