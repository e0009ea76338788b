import { TranslationBundle } from '@jupyterlab/translation';
import { Executable } from '../../api/types';
import { kindIcon } from '../../icons/items';
import { SideRow } from '../frame/SideRow';
import { placeOf } from './paletteRows';

interface IExecutableRowProps {
  executable: Executable;
  trans: TranslationBundle;
}

/** An executable in a list, with its inputs and outputs. */
export function ExecutableRow({ executable, trans }: IExecutableRowProps): JSX.Element {
  const { name, current } = executable;
  const of = (role: string) =>
    current.arguments.filter(argument => argument.role === role).map(argument => argument.name);
  const [inputs, outputs] = [of('input'), of('output')];
  const ports = `${inputs.join(', ') || '–'} → ${outputs.join(', ') || '–'}`;
  const place = placeOf(executable);
  const hasPorts = !!inputs.length || !!outputs.length;
  return (
    <SideRow
      icon={kindIcon(current.kind)}
      accent={`is-${current.kind}`}
      name={name}
      owner={executable.owner}
      aside={place}
      detail={hasPorts ? ports : trans._n('%1 value', '%1 values', current.arguments.length)}
      title={[`${name} (${current.kind})`, executable.path, ports].filter(Boolean).join('\n')}
    />
  );
}
