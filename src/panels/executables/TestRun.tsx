import { useMemo, useReducer, useRef, useState } from 'react';
import { ApiError } from '../../api/client';
import { belowRoot } from '../../api/paths';
import { saveCode } from '../../api/documents/saveDocuments';
import { Executable } from '../../api/types';
import { useForgetDraft } from '../../components/hooks/useDraft';
import { showProblem } from '../../components/problems';
import { IArgument, readArguments } from '../../document/arguments';
import { spellingOf } from '../../forms/askValues';
import { ShowAsCommand } from '../../spelling/ShowAsCommand';
import { showRefusal, ValuesForm, ValuesHolder } from '../../forms/ValuesForm';
import { useInputs } from '../artifacts/inputs';
import { IPanelServices } from '../frame/services';

interface ITestRunProps {
  services: IPanelServices;
  executable: Executable;
}

/** Runs an executable alone, with the values typed here. */
export function TestRun({ services, executable }: ITestRunProps): JSX.Element {
  const { yard, trans, commands } = services;
  const [holder] = useState(() => new ValuesHolder());
  const forgetDraft = useForgetDraft();
  const [, draw] = useReducer((round: number) => round + 1, 0);
  const inputs = useInputs(services);
  const form = useRef<HTMLFormElement>(null);
  const fields = useMemo(
    () => readArguments(executable.current.arguments as Partial<IArgument>[]),
    [executable]
  );
  const question = () => ({
    body: { executable: executable.id, parameters: holder.values, ...holder.sweep() }
  });
  const spelling = spellingOf(
    { client: yard.client, request: () => ({ id: 'runs.create', question: question() }) },
    holder
  );
  const run = async () => {
    if (holder.unread.size) {
      return; // the field shows the reason
    }
    holder.errors = {};
    holder.problem = '';
    try {
      await saveCode(services, { path: belowRoot(executable.path) });
      const made = await yard.client.call('runs.create', question());
      yard.runs.put(made);
      forgetDraft('values');
      await commands.execute('nbyard:show-run', { id: made.id });
    } catch (error) {
      if (error instanceof ApiError && error.status === 422) {
        showRefusal(holder, fields, error);
      } else {
        showProblem(trans.__('Not started.'), error, trans);
      }
    }
    draw();
    requestAnimationFrame(() =>
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
    );
  };
  return (
    <form
      ref={form}
      className="nby-TestRun"
      onSubmit={event => {
        event.preventDefault();
        void run();
      }}
    >
      <ValuesForm
        arguments={fields}
        holder={holder}
        inputs={inputs}
        draft={executable.current.id}
        canSweep={() => true}
        trans={trans}
      />
      <p>
        <button type="submit" className="nby-Button nby-mod-primary">
          {trans.__('Run')}
        </button>
      </p>
      <ShowAsCommand spelling={spelling} trans={trans} />
    </form>
  );
}
