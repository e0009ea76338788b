// Made by scripts/generate-api.mjs; do not edit.
import type { IField } from './field';

/** Marks texts, so that tools collect them for translators. */
const trans = { __: (text: string) => text };

/** The fields of the forms of structs, as `shown` declares them in `nbyard/domain`. */
export const DECLARED: Readonly<Record<string, readonly IField[]>> = {
  CleanUpRules: [
    { name: 'older_than_days', kind: 'number', label: trans.__('Older than (days)') },
    { name: 'keep', kind: 'int', label: trans.__('Newest runs to keep of each workflow') },
    { name: 'max_bytes', kind: 'gigabytes', label: trans.__('Most gigabytes of all outputs') },
    {
      name: 'states',
      kind: 'boxes',
      label: trans.__('Only these states (none: all)'),
      labels: {
        succeeded: trans.__('succeeded'),
        failed: trans.__('failed'),
        cancelled: trans.__('cancelled')
      }
    }
  ],
  NewChannel: [
    { name: 'name', kind: 'text', label: trans.__('Name'), required: true },
    {
      name: 'url',
      kind: 'password',
      label: trans.__('URL'),
      help: trans.__(
        'Slack, Discord, Teams: the web address of a webhook (https://…). E-mail: mailtos://USER:PASSWORD@smtp.example.org?to=me@example.org'
      ),
      required: true
    },
    {
      name: 'rules.0.events',
      kind: 'boxes',
      label: trans.__('Send a message when a run'),
      labels: {
        failed: trans.__('failed'),
        recovered: trans.__('succeeded again'),
        'automation-missed': trans.__('did not start'),
        'running-long': trans.__('takes long'),
        retried: trans.__('retried'),
        succeeded: trans.__('succeeded'),
        cancelled: trans.__('cancelled')
      },
      required: true
    },
    {
      name: 'rules.0.path',
      kind: 'text',
      label: trans.__('Only runs of this file'),
      more: true,
      placeholder: trans.__('all files')
    },
    {
      name: 'rules.0.project',
      kind: 'text',
      label: trans.__('Only runs of this project'),
      more: true,
      picker: 'project',
      placeholder: trans.__('all projects')
    },
    {
      name: 'rules.0.long_seconds',
      kind: 'minutes',
      label: trans.__('A run takes long after (minutes)'),
      more: true,
      placeholder: trans.__('twice its usual duration')
    }
  ],
  NewCredential: [
    { name: 'name', kind: 'text', label: trans.__('Name'), fixed: true, required: true },
    { name: 'kind', kind: 'choice', label: trans.__('Kind'), fixed: true, required: true },
    { name: 'description', kind: 'text', label: trans.__('Description') }
  ],
  NewEnvironment: [
    { name: 'name', kind: 'text', label: trans.__('Name'), required: true },
    { name: 'requirements', kind: 'packages', label: trans.__('Packages') }
  ],
  NewProject: [
    { name: 'name', kind: 'text', label: trans.__('Name'), required: true },
    { name: 'description', kind: 'long text', label: trans.__('Description') },
    { name: 'task.goal', kind: 'text', label: trans.__('Goal') },
    { name: 'task.evaluation_data', kind: 'text', label: trans.__('Evaluation data'), more: true },
    { name: 'task.criteria', kind: 'text', label: trans.__('Criteria'), more: true },
    { name: 'repository', kind: 'text', label: trans.__('Repository (URL)'), more: true },
    { name: 'requirements', kind: 'long text', label: trans.__('Requirements'), more: true },
    {
      name: 'metadata',
      kind: 'facts',
      label: trans.__('Other facts, one “name = value” per line'),
      more: true
    }
  ],
  PolicyRules: [
    { name: 'older_than_days', kind: 'number', label: trans.__('Older than (days)') },
    { name: 'keep', kind: 'int', label: trans.__('Newest runs to keep of each workflow') },
    { name: 'max_bytes', kind: 'gigabytes', label: trans.__('Most gigabytes of all outputs') },
    {
      name: 'states',
      kind: 'boxes',
      label: trans.__('Only these states (none: all)'),
      labels: {
        succeeded: trans.__('succeeded'),
        failed: trans.__('failed'),
        cancelled: trans.__('cancelled')
      }
    }
  ],
  Recipe: [
    { name: 'base', kind: 'text', label: trans.__('Base image') },
    { name: 'cuda', kind: 'text', label: trans.__('CUDA version') },
    { name: 'uid', kind: 'int', label: trans.__('User id'), first: 65534 },
    { name: 'gid', kind: 'int', label: trans.__('Group id'), first: 65534 },
    { name: 'system_packages', kind: 'names', label: trans.__('System packages') },
    { name: 'build_packages', kind: 'names', label: trans.__('Packages for building only') },
    {
      name: 'project',
      kind: 'text',
      label: trans.__('Project folder'),
      placeholder: trans.__('The files of this folder are copied to /project')
    },
    {
      name: 'variables',
      kind: 'pairs',
      label: trans.__('Environment variables'),
      placeholder: trans.__('NAME=VALUE')
    },
    {
      name: 'labels',
      kind: 'pairs',
      label: trans.__('Labels'),
      placeholder: trans.__('NAME=VALUE')
    }
  ],
  Resources: [
    {
      name: 'environment',
      kind: 'text',
      label: trans.__('Environment'),
      help: trans.__('A name, or name@2 for version 2.'),
      picker: 'environment'
    },
    { name: 'cpu', kind: 'number', label: trans.__('CPUs') },
    { name: 'gpu', kind: 'int', label: trans.__('GPUs') },
    { name: 'memory_bytes', kind: 'size', label: trans.__('Memory') },
    { name: 'timeout_seconds', kind: 'number', label: trans.__('Timeout (seconds)'), more: true },
    {
      name: 'silence_timeout_seconds',
      kind: 'number',
      label: trans.__('Stop if silent for (seconds)'),
      help: trans.__('Time since the last log line or finished cell.'),
      more: true
    },
    {
      name: 'queue_timeout_seconds',
      kind: 'number',
      label: trans.__('Give up queueing after (seconds)'),
      more: true
    },
    {
      name: 'retries',
      kind: 'int',
      label: trans.__('Retries'),
      help: trans.__('Retries after a failure. Lost attempts are always retried.'),
      more: true
    },
    {
      name: 'retry_on',
      kind: 'boxes',
      label: trans.__('Retry after'),
      more: true,
      labels: {
        error: trans.__('an error'),
        'exit-code': trans.__('an exit code'),
        timeout: trans.__('a time limit'),
        memory: trans.__('lack of memory'),
        contract: trans.__('a missing or invalid output'),
        'kernel-died': trans.__('a kernel crash')
      }
    },
    {
      name: 'image',
      kind: 'text',
      label: trans.__('Image'),
      help: trans.__('For runs in containers.'),
      more: true,
      picker: 'image'
    },
    {
      name: 'requirements',
      kind: 'text',
      label: trans.__('Requirements'),
      help: trans.__('A requirements file beside the executable. The image is built from it.'),
      more: true
    }
  ]
};
