import { useEffect, useReducer, useState } from 'react';
import { codeDescribed } from '../../../api/documents/codeDescribed';
import { IDeclareFiles, OpenedFiles } from '../../../components/OpenedFiles';
import { useAnswer } from '../../../api/useAnswer';
import { useServices } from '../context/hooks';

interface IUndeclaredFilesProps {
  run: string;
  node: string;
  /** Changes when the task ends. */
  state: string | undefined;
}

/** Files that a task opened but its code does not declare. */
export function UndeclaredFiles({ run, node, state }: IUndeclaredFilesProps) {
  const { trans, yard } = useServices();
  const [times, again] = useReducer((count: number) => count + 1, 0);
  const question = { path: { run, node } };
  const when = { turn: `${state} ${times}` };
  const { answer, error } = useAnswer(yard.client, 'runs.undeclared', question, when);
  const [code, setCode] = useState('');
  useEffect(() => setCode(known => answer?.code || known), [answer]);
  useEffect(() => {
    // also after a declaration in the canvas
    codeDescribed.connect(again);
    return () => void codeDescribed.disconnect(again);
  }, []);
  const declare = async (change: IDeclareFiles) => {
    const done = await yard.client.call('executables.declare', { body: { path: code, ...change } });
    codeDescribed.emit({ code, added: done.added });
    return done;
  };
  return <OpenedFiles undeclared={error ? undefined : answer} trans={trans} declare={declare} />;
}
