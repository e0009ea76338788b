import { useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { belowRoot } from '../../api/paths';
import { saveCode } from '../../api/documents/saveDocuments';
import { ApiError } from '../../api/client';
import { fieldErrors } from '../../forms/fieldErrors';
import { Executable } from '../../api/types';
import { CheckBox, CommandButton } from '../../components/Button';
import { RowList } from '../../components/RowList';
import { useDraft } from '../../components/hooks/useDraft';
import { useSignal } from '../../components/hooks/useSignal';
import { Refusal } from '../../components/text/messages';
import { IArgument, readArguments } from '../../document/arguments';
import { Json } from '../../document/canonical';
import { spellingOf } from '../../forms/askValues';
import { ShowAsCommand } from '../../spelling/ShowAsCommand';
import { showRefusal, ValuesForm, ValuesHolder } from '../../forms/ValuesForm';
import { NameField } from '../../forms/NameField';
import { ExecutableRow } from '../palette/ExecutableRow';
import { useInputs } from './inputs';
import { OlderButton } from '../frame/Search';
import { IArtifactTarget, IPanelServices } from '../frame/services';
import { useSuggestion } from './suggestion';

interface INewArtifactProps {
  services: IPanelServices;
  target: IArtifactTarget;
  onMade: (run: string) => void;
}

/** The form: the executable, the name of the artifact, and the arguments. */
export function NewArtifact({ services, target, onMade }: INewArtifactProps): JSX.Element {
  const { yard, trans, commands } = services;
  const { executables } = yard;
  const items = useSignal(executables.changed, () => executables.items);
  const state = useSignal(executables.changed, () => executables.state);
  const [chosen, setChosen] = useDraft('executable', () => target.executable ?? '');
  const [older, setOlder] = useState<Executable>();
  useEffect(() => void executables.start(), [executables]);
  const isMissing = !!chosen && state === 'ready' && !items.some(({ id }) => id === chosen);
  useEffect(() => {
    if (isMissing) {
      yard.client
        .call('executables.get', { path: { executable: chosen } })
        .then(setOlder)
        .catch(() => setChosen('')); // the executable no longer exists
    }
  }, [yard, isMissing, chosen, setChosen]);
  const offered = isMissing && older ? [older, ...items] : items;
  // there is nothing to choose from
  const only = state === 'ready' && offered.length === 1 ? offered[0] : undefined;
  const executable = offered.find(({ id }) => id === chosen) ?? only;
  if (state === 'ready' && !offered.length) {
    return (
      <div className="nby-View">
        <div className="nby-View-header">
          <h2>{trans.__('New artifact')}</h2>
        </div>
        <div className="nby-Note">
          <p>
            {trans.__(
              'An executable creates the artifact: register a notebook, script or binary first.'
            )}
          </p>
          <p>
            <CommandButton commands={commands} id="nbyard:upload-executable" />
          </p>
        </div>
      </div>
    );
  }
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <h2>{trans.__('New artifact')}</h2>
      </div>
      {executable ? (
        <div className="nby-Register nby-NewArtifact">
          <div className="nby-Register-line">
            <label>
              {trans.__('Executable')}{' '}
              <select value={executable.id} onChange={event => setChosen(event.target.value)}>
                {offered.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <OlderButton collection={executables} trans={trans} />
          </div>
          <Form
            key={executable.id}
            services={services}
            target={target}
            executable={executable}
            onMade={onMade}
          />
        </div>
      ) : (
        <div className="nby-Choices">
          <p className="nby-Note">{trans.__('Choose the executable that creates the artifact:')}</p>
          <RowList
            label={trans.__('Executables')}
            noun="offer"
            items={offered}
            idOf={({ id }) => id}
            nameOf={({ name }) => name}
            render={each => <ExecutableRow executable={each} trans={trans} />}
            onOpen={({ id }) => setChosen(id)}
            onSelect={({ id }) => setChosen(id)}
          />
          <OlderButton collection={executables} trans={trans} />
        </div>
      )}
    </div>
  );
}

function Form(props: INewArtifactProps & { executable: Executable }): JSX.Element {
  const { services, target, executable, onMade } = props;
  const { yard, trans } = services;
  const fields = useMemo(
    () => readArguments(executable.current.arguments as Partial<IArgument>[]),
    [executable]
  );
  const [holder] = useState(() => filled(fields, target.values ?? {}));
  const inputs = useInputs(services);
  const wanted = target.name || executable.name;
  const suggestion = useSuggestion(yard.client, wanted);
  const [replace, setReplace] = useState(false);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [refusals, draw] = useReducer((round: number) => round + 1, 0);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusals) {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }, [refusals]);
  useEffect(() => {
    holder.runtimes ??= yard.client.call('system.runtimes', {});
  }, [yard, holder]);
  const { name, taken, free } = suggestion;

  const question = (as: string) => {
    const { values: parameters, runtime, kept: containers, force, priority } = holder;
    const how = { runtime, containers, force, priority };
    return { body: { executable: executable.id, name: as, replace, parameters, ...how } };
  };
  const spelling = spellingOf(
    { client: yard.client, request: () => ({ id: 'runs.create', question: question(name) }) },
    holder
  );
  const make = async (as = suggestion.isAwaited ? wanted : name) => {
    if (busy || holder.unread.size) {
      return; // the field shows the reason
    }
    holder.errors = {};
    holder.problem = '';
    setProblem('');
    setBusy(true);
    try {
      await saveCode(services, { path: belowRoot(executable.path) });
      const run = await yard.client.call('runs.create', question(as));
      yard.runs.put(run);
      onMade(run.id);
    } catch (error) {
      setBusy(false);
      const errors = fieldErrors(error);
      if (errors.name) {
        suggestion.refused(errors.name);
      } else if (error instanceof ApiError && error.status === 422) {
        showRefusal(holder, fields, error);
      } else {
        setProblem((error as Error).message);
      }
      draw();
    }
  };
  return (
    <form
      ref={form}
      className="nby-TestRun"
      onSubmit={event => {
        event.preventDefault();
        void make();
      }}
    >
      <div className="nby-Register-line">
        <NameField
          name={name}
          error={replace ? '' : taken}
          free={replace ? undefined : free}
          busy={busy}
          isAwaited={suggestion.isAwaited}
          trans={trans}
          onChange={suggestion.setName}
          onFree={suggestion.setName}
        />
        {(free || replace) && (
          <CheckBox checked={replace} onChange={setReplace}>
            {trans.__('Replace the artifact of this name; its run keeps its number')}
          </CheckBox>
        )}
      </div>
      <ValuesForm
        arguments={fields}
        holder={holder}
        inputs={inputs}
        draft={executable.current.id}
        asksHow
        trans={trans}
      />
      <Refusal>{problem}</Refusal>
      <p>
        <button type="submit" className="nby-Button nby-mod-primary" disabled={busy}>
          {trans.__('Create')}
        </button>
      </p>
      <ShowAsCommand spelling={spelling} trans={trans} />
    </form>
  );
}

/** Return the values of another artifact for arguments that exist here. */
function filled(
  fields: readonly IArgument[],
  values: Readonly<Record<string, unknown>>
): ValuesHolder {
  const known = fields.filter(({ name }) => name in values);
  return new ValuesHolder(
    Object.fromEntries(known.map(({ name }) => [name, { value: values[name] as Json }]))
  );
}
