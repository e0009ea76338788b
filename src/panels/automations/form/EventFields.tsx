import { useState } from 'react';
import { useSignal } from '../../../components/hooks/useSignal';
import { FieldFrame } from '../../../forms/FieldFrame';
import { IPanelServices } from '../../frame/services';
import { DraftChoice, DraftText, IFields } from './DraftFields';

interface IEventFieldsProps {
  fields: IFields;
  /** Replace the secret of a webhook; return the new one. */
  onRotate?: () => Promise<string>;
}

/** What happens, so that a file runs. */
export function EventFields({ fields, onRotate }: IEventFieldsProps): JSX.Element | null {
  const { services, shown } = fields;
  const { yard, trans } = services;
  const datasets = useSignal(yard.datasets.changed, () => yard.datasets.items);
  const workflows = useSignal(yard.workflows.changed, () => yard.workflows.items);
  switch (shown.start) {
    case 'dataset':
      return (
        <DraftText
          fields={fields}
          name="dataset"
          label={trans.__('Dataset')}
          suggestions={datasets.map(({ name }) => name)}
        />
      );
    case 'run':
      return (
        <>
          <DraftText
            fields={fields}
            name="after"
            label={trans.__('Workflow, notebook or script')}
            suggestions={workflows.filter(known => !known.pushed_path).map(({ path }) => path)}
          />
          <DraftChoice
            fields={fields}
            name="outcome"
            label={trans.__('Its run')}
            options={[
              ['succeeded', trans.__('succeeded')],
              ['failed', trans.__('failed')],
              ['either', trans.__('succeeded or failed')]
            ]}
          />
        </>
      );
    case 'file':
      return <FileFields fields={fields} />;
    case 'webhook':
      return (
        <>
          <DraftText
            fields={fields}
            name="perMinute"
            label={trans.__('Messages per minute, at most')}
          />
          {onRotate && <RotateSecret services={services} onRotate={onRotate} />}
        </>
      );
    case 'notebook':
      return (
        <p className="nby-Note">
          {trans.__('In a notebook: %1', `%nbyard fire ${shown.name || trans.__('NAME')}`)}
        </p>
      );
    case 'time':
      return null;
  }
}

function FileFields({ fields }: { fields: IFields }): JSX.Element {
  const { services, shown } = fields;
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
      <DraftText fields={fields} name="path" label={trans.__('File or folder')} />
      <DraftText
        fields={fields}
        name="pattern"
        label={trans.__('Pattern of a folder’s files')}
        suggestions={['*', '*.csv', '**/*.csv']}
      />
      <DraftChoice fields={fields} name="changes" label={trans.__('A file is')} options={changes} />
      <DraftText
        fields={fields}
        name="settle"
        label={trans.__('Complete after this many seconds without a change')}
      />
    </>
  );
}

/** The parameters that runs take from the event. */
export function ValuesFrom({ fields }: { fields: IFields }): JSX.Element {
  const { services, shown, problems, change } = fields;
  const { trans } = services;
  const refused = Object.keys(problems).find(path => path.startsWith('values_from'));
  return (
    <FieldFrame
      label={trans.__('Parameters from the event, such as city=body.city')}
      error={refused && `${refused}: ${problems[refused]}`}
      trans={trans}
    >
      {control => (
        <textarea
          {...control}
          className="jp-mod-styled"
          spellCheck={false}
          rows={2}
          value={shown.valuesFrom}
          onChange={event => change({ valuesFrom: event.target.value })}
        />
      )}
    </FieldFrame>
  );
}

interface IRotateSecretProps {
  services: IPanelServices;
  /** Replace the secret; return the new one, which the server shows once. */
  onRotate: () => Promise<string>;
}

/** Replaces the secret of a webhook, after a second click. */
function RotateSecret({ services, onRotate }: IRotateSecretProps): JSX.Element {
  const { trans } = services;
  const [isAsked, setAsked] = useState(false);
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState('');
  const rotate = async () => {
    try {
      setSecret(await onRotate());
      setProblem('');
    } catch (error) {
      setProblem((error as Error).message);
    }
    setAsked(false);
  };
  return (
    <>
      <button
        type="button"
        className="nby-Button"
        onClick={() => (isAsked ? void rotate() : setAsked(true))}
      >
        {isAsked ? trans.__('Really Replace, and Refuse the Old Secret') : trans.__('New Secret…')}
      </button>
      {problem && (
        <p className="nby-Field-error" role="alert">
          {problem}
        </p>
      )}
      {secret && (
        <label>
          {trans.__('Secret, which is not shown again')}
          <input
            className="jp-mod-styled"
            readOnly
            value={secret}
            onFocus={event => event.target.select()}
          />
        </label>
      )}
    </>
  );
}
