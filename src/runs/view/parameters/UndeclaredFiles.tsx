import { useEffect, useState } from 'react';
import { codeDescribed } from '../../../api/documents/codeDescribed';
import { Undeclared } from '../../../api/types';
import { IDeclareFiles, OpenedFiles } from '../../../components/OpenedFiles';
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
  const [undeclared, setUndeclared] = useState<Undeclared>();
  const [code, setCode] = useState('');
  const [times, setTimes] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    const asked = { path: { run, node }, signal: control.signal };
    yard.client.call('runs.undeclared', asked).then(
      answer => {
        setUndeclared(answer);
        setCode(known => answer.code || known);
      },
      () => setUndeclared(undefined)
    );
    return () => control.abort();
  }, [yard, run, node, state, times]);
  useEffect(() => {
    // also after a declaration in the canvas
    const again = () => setTimes(known => known + 1);
    codeDescribed.connect(again);
    return () => void codeDescribed.disconnect(again);
  }, []);
  const declare = async (change: IDeclareFiles) => {
    const done = await yard.client.call('executables.declare', { body: { path: code, ...change } });
    codeDescribed.emit({ code, added: done.added });
    return done;
  };
  return <OpenedFiles undeclared={undeclared} trans={trans} declare={declare} />;
}
