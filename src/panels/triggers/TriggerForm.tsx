import { useDialogDraft } from '../../components/hooks/useDraft';
import { useSignal } from '../../components/hooks/useSignal';
import { More } from '../../components/More';
import { FieldFrame } from '../../forms/FieldFrame';
import { CacheField, ChoiceField, TextField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { ITriggerDraft } from './draft';
import { RotateSecret } from './RotateSecret';

interface ITriggerFormProps {
  services: IPanelServices;
  /** Changed while the user types. */
  draft: ITriggerDraft;
  /** The kind of its event cannot change. */
  isKnown: boolean;
  problems: Readonly<Record<string, string>>;
  /** Replace the secret of a webhook; return the new one. */
  onRotate?: () => Promise<string>;
}

/** What fires a trigger, and what its runs take from the event. */
export function TriggerForm(props: ITriggerFormProps): JSX.Element {
  const { services, draft, isKnown, problems, onRotate } = props;
  const { trans } = services;
  const [shown, change] = useDialogDraft(draft);
  const kinds = [
    ['dataset', trans.__('a dataset has a new version')],
    ['workflow', trans.__('another run ended')],
    ['file', trans.__('a file changed')],
    ['webhook', trans.__('a signed webhook arrives')],
    ['notebook', trans.__('a notebook or program fires it')]
  ].filter(([kind]) => !isKnown || kind === shown.kind);
  const modes = [
    ['follows', trans.__('the files as saved at that time')],
    ['pinned', trans.__('the files as they are now')]
  ];
  const overlaps = [
    ['queue', trans.__('start the new run afterwards')],
    ['skip', trans.__('skip the new run')],
    ['replace', trans.__('cancel the earlier run')]
  ];
  return (
    <div className="nby-Form nby-Trigger">
      <ChoiceField
        label={trans.__('Run when')}
        value={shown.kind}
        error={problems.on ?? problems['on.kind']}
        options={kinds}
        trans={trans}
        onChange={kind => change({ kind: kind as ITriggerDraft['kind'] })}
      />
      <EventFields services={services} shown={shown} problems={problems} change={change} />
      {onRotate && shown.kind === 'webhook' && (
        <RotateSecret services={services} onRotate={onRotate} />
      )}
      <More
        summary={trans.__('More')}
        open={Object.keys(problems).some(path => /^(name|values_from|run)/.test(path))}
      >
        <FieldFrame
          label={trans.__('Parameters from the event, such as city=body.city')}
          error={first(problems, 'values_from') ?? first(problems, 'run')}
          trans={trans}
        >
          {control => (
            <textarea
              {...control}
              className="jp-mod-styled"
              spellCheck={false}
              rows={2}
              value={shown.values}
              onChange={event => change({ values: event.target.value })}
            />
          )}
        </FieldFrame>
        <ChoiceField
          label={trans.__('Each run uses')}
          value={shown.mode}
          options={modes}
          trans={trans}
          onChange={mode => change({ mode: mode as ITriggerDraft['mode'] })}
        />
        <CacheField force={shown.force} trans={trans} onChange={force => change({ force })} />
        <ChoiceField
          label={trans.__('If the earlier run is still running')}
          value={shown.overlap}
          options={overlaps}
          trans={trans}
          onChange={overlap => change({ overlap: overlap as ITriggerDraft['overlap'] })}
        />
        <TextField
          label={trans.__('Name')}
          value={shown.name}
          error={problems.name}
          trans={trans}
          onChange={name => change({ name })}
        />
      </More>
    </div>
  );
}

interface IEventProps {
  services: IPanelServices;
  shown: ITriggerDraft;
  problems: Readonly<Record<string, string>>;
  change: (part: Partial<ITriggerDraft>) => void;
}

/** The fields of the chosen kind of event. */
function EventFields({ services, shown, problems, change }: IEventProps): JSX.Element {
  const { yard, trans } = services;
  const datasets = useSignal(yard.datasets.changed, () => yard.datasets.items);
  const workflows = useSignal(yard.workflows.changed, () => yard.workflows.items);
  switch (shown.kind) {
    case 'dataset':
      return (
        <TextField
          label={trans.__('Dataset')}
          value={shown.dataset}
          suggestions={datasets.map(({ name }) => name)}
          error={problems['on.dataset']}
          trans={trans}
          onChange={dataset => change({ dataset })}
        />
      );
    case 'workflow':
      return (
        <>
          <TextField
            label={trans.__('Workflow, notebook or script')}
            value={shown.after}
            suggestions={workflows.filter(known => !known.pushed_path).map(({ path }) => path)}
            error={problems['on.path']}
            trans={trans}
            onChange={after => change({ after })}
          />
          <ChoiceField
            label={trans.__('Its run')}
            value={shown.outcome}
            options={[
              ['succeeded', trans.__('succeeded')],
              ['failed', trans.__('failed')],
              ['either', trans.__('succeeded or failed')]
            ]}
            trans={trans}
            onChange={outcome => change({ outcome })}
          />
        </>
      );
    case 'file':
      return <FileFields services={services} shown={shown} problems={problems} change={change} />;
    case 'webhook':
      return (
        <TextField
          label={trans.__('Messages per minute, at most')}
          value={shown.perMinute}
          error={problems['on.most_per_minute']}
          trans={trans}
          onChange={perMinute => change({ perMinute })}
        />
      );
    case 'notebook':
      return (
        <p className="nby-Note">
          {trans.__('In a notebook: %1', `%nbyard fire ${shown.name || trans.__('NAME')}`)}
        </p>
      );
  }
}

function FileFields({ services, shown, problems, change }: IEventProps): JSX.Element {
  const { trans } = services;
  const changes = [
    ['created modified', trans.__('created or modified')],
    ['created', trans.__('created')],
    ['modified', trans.__('modified')],
    ['deleted', trans.__('deleted')],
    ['created modified deleted', trans.__('created, modified or deleted')]
  ];
  if (!changes.some(([value]) => value === shown.changes)) {
    changes.push([shown.changes, shown.changes]);
  }
  return (
    <>
      <TextField
        label={trans.__('File or folder')}
        value={shown.path}
        error={problems['on.path']}
        trans={trans}
        onChange={path => change({ path })}
      />
      <TextField
        label={trans.__('Pattern of a folder’s files')}
        value={shown.pattern}
        suggestions={['*', '*.csv', '**/*.csv']}
        error={problems['on.pattern']}
        trans={trans}
        onChange={pattern => change({ pattern })}
      />
      <ChoiceField
        label={trans.__('A file is')}
        value={shown.changes}
        options={changes}
        trans={trans}
        onChange={value => change({ changes: value })}
      />
      <TextField
        label={trans.__('Complete after this many seconds without a change')}
        value={shown.settle}
        error={problems['on.settle_seconds']}
        trans={trans}
        onChange={settle => change({ settle })}
      />
    </>
  );
}

/** Return the first problem at a field or below it. */
function first(problems: Readonly<Record<string, string>>, field: string): string | undefined {
  const path = Object.keys(problems).find(key => key === field || key.startsWith(`${field}.`));
  return path && (path === field ? problems[path] : `${path}: ${problems[path]}`);
}
