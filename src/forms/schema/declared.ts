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
  NewAutomation: [
    {
      name: 'on.kind',
      kind: 'choice',
      label: trans.__('Runs start'),
      labels: {
        phrase: trans.__('at set times'),
        dataset: trans.__('when a dataset has a new version'),
        run: trans.__('when another run ended'),
        file: trans.__('when a file changed'),
        webhook: trans.__('when a signed webhook arrives'),
        notebook: trans.__('when a notebook or program fires it')
      },
      required: true
    },
    {
      when: { 'on.kind': 'phrase' },
      name: 'on.text',
      kind: 'text',
      label: trans.__('When'),
      picker: 'time',
      required: true
    },
    {
      when: { 'on.kind': 'dataset' },
      name: 'on.dataset',
      kind: 'text',
      label: trans.__('Dataset'),
      picker: 'dataset',
      required: true
    },
    {
      when: { 'on.kind': 'run' },
      name: 'on.path',
      kind: 'text',
      label: trans.__('Workflow, notebook or script'),
      picker: 'workflow',
      required: true
    },
    {
      when: { 'on.kind': 'file' },
      name: 'on.path',
      kind: 'text',
      label: trans.__('File or folder'),
      required: true
    },
    {
      when: { 'on.kind': 'webhook' },
      name: 'on.most_per_minute',
      kind: 'int',
      label: trans.__('Messages per minute, at most'),
      first: 60
    },
    {
      when: { 'on.kind': 'run' },
      name: 'on.outcome',
      kind: 'choice',
      label: trans.__('Its run'),
      labels: {
        succeeded: trans.__('succeeded'),
        failed: trans.__('failed'),
        either: trans.__('succeeded or failed')
      },
      first: 'succeeded'
    },
    {
      when: { 'on.kind': 'file' },
      name: 'on.pattern',
      kind: 'text',
      label: trans.__('Pattern of a folder’s files'),
      picker: 'pattern',
      first: '*'
    },
    {
      when: { 'on.kind': 'file' },
      name: 'on.changes',
      kind: 'boxes',
      label: trans.__('A file is'),
      labels: {
        created: trans.__('created'),
        modified: trans.__('modified'),
        deleted: trans.__('deleted')
      },
      first: ['created', 'modified']
    },
    {
      when: { 'on.kind': 'file' },
      name: 'on.settle_seconds',
      kind: 'number',
      label: trans.__('Complete after this many seconds without a change'),
      first: 2
    },
    {
      when: { 'on.kind': 'phrase' },
      name: 'zone',
      kind: 'text',
      label: trans.__('Time zone'),
      picker: 'zone'
    },
    { name: 'notify', kind: 'notices', label: trans.__('Notify') },
    {
      when: { 'on.kind': ['dataset', 'run', 'file', 'webhook', 'notebook'] },
      name: 'values_from',
      kind: 'facts',
      label: trans.__('Parameters from the event, such as city=body.city'),
      more: true
    },
    { name: 'run.parameters', kind: 'parameters', label: trans.__('Parameters'), more: true },
    {
      name: 'run.runtime',
      kind: 'runtime',
      label: trans.__('Runtime'),
      help: trans.__('A local process, a container, or a Dask cluster.'),
      more: true,
      empty: trans.__('set by each node')
    },
    {
      name: 'run.environment',
      kind: 'text',
      label: trans.__('Environment'),
      more: true,
      picker: 'environment',
      placeholder: trans.__('set by each node')
    },
    {
      name: 'run.kernel',
      kind: 'text',
      label: trans.__('Kernel'),
      help: trans.__('Used by notebooks in local processes.'),
      more: true,
      picker: 'kernel',
      placeholder: trans.__('set by each node')
    },
    {
      name: 'run.image',
      kind: 'text',
      label: trans.__('Image'),
      help: trans.__('For runs in containers.'),
      more: true,
      picker: 'image',
      placeholder: trans.__('set by each node')
    },
    {
      name: 'mode',
      kind: 'choice',
      label: trans.__('Each run uses'),
      more: true,
      labels: {
        follows: trans.__('the files as saved at that time'),
        pinned: trans.__('the files as they are now')
      },
      first: 'follows'
    },
    {
      name: 'run.force',
      kind: 'box',
      label: trans.__('Run every node again'),
      help: trans.__(
        'Otherwise, unchanged nodes come from the cache, even if a database or web page that they read changed.'
      ),
      more: true,
      first: true
    },
    {
      name: 'overlap',
      kind: 'choice',
      label: trans.__('If the earlier run is still running'),
      more: true,
      labels: {
        skip: trans.__('skip the new run'),
        queue: trans.__('start the new run afterwards'),
        replace: trans.__('cancel the earlier run')
      }
    },
    {
      when: { 'on.kind': 'phrase' },
      name: 'missed.policy',
      kind: 'choice',
      label: trans.__('Times that passed while nbyard was off'),
      more: true,
      labels: {
        last: trans.__('run once, if at most %1 late'),
        skip: trans.__('skip'),
        all: trans.__('run for each that is at most %1 late')
      },
      first: 'last'
    },
    {
      when: { 'on.kind': 'phrase', 'missed.policy': ['last', 'all'] },
      name: 'missed.window_seconds',
      kind: 'int',
      label: trans.__('At most this late, in seconds'),
      more: true,
      first: 3600
    },
    {
      when: { 'on.kind': 'phrase', 'missed.policy': 'all' },
      name: 'missed.most',
      kind: 'int',
      label: trans.__('At most this many runs'),
      more: true,
      first: 10
    },
    {
      when: { 'on.kind': 'phrase' },
      name: 'starts_at',
      kind: 'moment',
      label: trans.__('From'),
      more: true
    },
    {
      when: { 'on.kind': 'phrase' },
      name: 'ends_at',
      kind: 'moment',
      label: trans.__('Until'),
      more: true
    },
    {
      when: { 'on.kind': 'phrase' },
      name: 'at_most',
      kind: 'int',
      label: trans.__('Number of runs'),
      more: true,
      placeholder: trans.__('no limit')
    },
    { name: 'name', kind: 'text', label: trans.__('Name'), more: true }
  ],
  NewBackfill: [
    { name: 'since', kind: 'moment', label: trans.__('From'), required: true },
    { name: 'until', kind: 'moment', label: trans.__('Until (empty: now)') },
    { name: 'at_once', kind: 'int', label: trans.__('Runs at a time'), first: 1 },
    { name: 'again', kind: 'box', label: trans.__('Repeat due times that have a succeeded run') }
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
        drifted: trans.__('deviates from a contract'),
        retried: trans.__('retried'),
        succeeded: trans.__('succeeded'),
        cancelled: trans.__('cancelled'),
        'deployment-expiring': trans.__('is a deployment that stops soon')
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
  NewMember: [
    { name: 'name', kind: 'text', label: trans.__('Name'), required: true },
    {
      name: 'role',
      kind: 'choice',
      label: trans.__('Role'),
      labels: { viewer: trans.__('Viewer'), editor: trans.__('Editor'), owner: trans.__('Owner') },
      first: 'viewer'
    },
    { name: 'group', kind: 'box', label: trans.__('Group of the hub') }
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
  ProposedRule: [
    {
      name: 'rule.rule',
      kind: 'choice',
      label: trans.__('Check'),
      labels: {
        columns: trans.__('the columns of the table'),
        type: trans.__('the type of a column'),
        nulls: trans.__('missing values'),
        range: trans.__('the range of values'),
        unique: trans.__('no repeated rows'),
        values: trans.__('a set of values'),
        rows: trans.__('the number of rows'),
        fresh: trans.__('how old the newest row is'),
        reference: trans.__('values of another dataset'),
        metric: trans.__('a metric'),
        close: trans.__('close to the last good run')
      },
      required: true
    },
    {
      when: { 'rule.rule': 'columns' },
      name: 'rule.columns',
      kind: 'words',
      label: trans.__('Columns, one in each line'),
      required: true
    },
    {
      when: { 'rule.rule': 'type' },
      name: 'rule.column',
      kind: 'text',
      label: trans.__('Column'),
      required: true
    },
    {
      when: { 'rule.rule': 'nulls' },
      name: 'rule.column',
      kind: 'text',
      label: trans.__('Column'),
      required: true
    },
    {
      when: { 'rule.rule': 'range' },
      name: 'rule.column',
      kind: 'text',
      label: trans.__('Column'),
      required: true
    },
    {
      when: { 'rule.rule': 'unique' },
      name: 'rule.columns',
      kind: 'words',
      label: trans.__('Columns, one in each line'),
      required: true
    },
    {
      when: { 'rule.rule': 'values' },
      name: 'rule.column',
      kind: 'text',
      label: trans.__('Column'),
      required: true
    },
    {
      when: { 'rule.rule': 'fresh' },
      name: 'rule.column',
      kind: 'text',
      label: trans.__('Column'),
      required: true
    },
    {
      when: { 'rule.rule': 'reference' },
      name: 'rule.column',
      kind: 'text',
      label: trans.__('Column'),
      required: true
    },
    {
      when: { 'rule.rule': 'metric' },
      name: 'rule.name',
      kind: 'text',
      label: trans.__('Metric'),
      required: true
    },
    {
      when: { 'rule.rule': 'close' },
      name: 'rule.figure',
      kind: 'choice',
      label: trans.__('Figure'),
      labels: {
        content: trans.__('the bytes'),
        rows: trans.__('the number of rows'),
        mean: trans.__('the mean of a column'),
        metric: trans.__('a metric')
      },
      required: true
    },
    {
      when: { 'rule.rule': 'columns' },
      name: 'rule.closed',
      kind: 'box',
      label: trans.__('No other columns')
    },
    {
      when: { 'rule.rule': 'type' },
      name: 'rule.type',
      kind: 'choice',
      label: trans.__('Type'),
      labels: {
        int: trans.__('int'),
        float: trans.__('float'),
        decimal: trans.__('decimal'),
        bool: trans.__('bool'),
        string: trans.__('string'),
        date: trans.__('date'),
        datetime: trans.__('datetime'),
        time: trans.__('time'),
        duration: trans.__('duration'),
        binary: trans.__('binary'),
        list: trans.__('list'),
        struct: trans.__('struct'),
        null: trans.__('null'),
        other: trans.__('other')
      },
      required: true
    },
    {
      when: { 'rule.rule': 'nulls' },
      name: 'rule.most',
      kind: 'number',
      label: trans.__('Largest share of missing values (0 to 1)')
    },
    { when: { 'rule.rule': 'range' }, name: 'rule.min', kind: 'text', label: trans.__('At least') },
    {
      when: { 'rule.rule': 'values' },
      name: 'rule.values',
      kind: 'words',
      label: trans.__('Values, one in each line'),
      required: true
    },
    { when: { 'rule.rule': 'rows' }, name: 'rule.min', kind: 'int', label: trans.__('At least') },
    {
      when: { 'rule.rule': 'fresh' },
      name: 'rule.hours',
      kind: 'number',
      label: trans.__('At most this old (hours)'),
      required: true
    },
    {
      when: { 'rule.rule': 'reference' },
      name: 'rule.dataset',
      kind: 'text',
      label: trans.__('Dataset'),
      picker: 'dataset',
      required: true
    },
    {
      when: { 'rule.rule': 'metric' },
      name: 'rule.min',
      kind: 'number',
      label: trans.__('At least')
    },
    {
      when: { 'rule.rule': 'close' },
      name: 'rule.name',
      kind: 'text',
      label: trans.__('Column or metric')
    },
    { when: { 'rule.rule': 'range' }, name: 'rule.max', kind: 'text', label: trans.__('At most') },
    { when: { 'rule.rule': 'rows' }, name: 'rule.max', kind: 'int', label: trans.__('At most') },
    {
      when: { 'rule.rule': 'reference' },
      name: 'rule.other',
      kind: 'text',
      label: trans.__('Its column'),
      placeholder: trans.__('of the same name')
    },
    {
      when: { 'rule.rule': 'metric' },
      name: 'rule.max',
      kind: 'number',
      label: trans.__('At most')
    },
    {
      when: { 'rule.rule': 'close' },
      name: 'rule.within',
      kind: 'number',
      label: trans.__('Within (share of the last figure)')
    },
    {
      when: { 'rule.rule': 'columns' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'type' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'nulls' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'range' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'unique' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'values' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'rows' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'fresh' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'reference' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'metric' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    },
    {
      when: { 'rule.rule': 'close' },
      name: 'rule.level',
      kind: 'choice',
      label: trans.__('If broken'),
      labels: { stop: trans.__('stop the branch'), warn: trans.__('only warn') },
      first: 'stop'
    }
  ],
  QuotaLimits: [
    {
      name: 'gpus',
      kind: 'int',
      label: trans.__('GPUs'),
      help: trans.__('GPUs at once. Default: 1.')
    },
    { name: 'cpu', kind: 'number', label: trans.__('CPUs'), help: trans.__('Cores at once.') },
    {
      name: 'memory_bytes',
      kind: 'int',
      label: trans.__('Memory'),
      help: trans.__('Requested memory: 16GB.')
    },
    {
      name: 'stored_bytes',
      kind: 'int',
      label: trans.__('Disk'),
      help: trans.__('Stored data: 100GB.')
    },
    {
      name: 'runs',
      kind: 'int',
      label: trans.__('Runs'),
      help: trans.__('Runs that execute at once.')
    },
    {
      name: 'queued_runs',
      kind: 'int',
      label: trans.__('Queued runs'),
      help: trans.__('Runs in the queue or executing.')
    },
    {
      name: 'deployments',
      kind: 'int',
      label: trans.__('Deployments'),
      help: trans.__('Also idle ones.')
    },
    {
      name: 'deployment_days',
      kind: 'number',
      label: trans.__('Lifetime'),
      help: trans.__('Deployments stop after: 12h, 30d.')
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
