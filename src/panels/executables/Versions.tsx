import { TranslationBundle } from '@jupyterlab/translation';
import { Executable, ExecutableVersion } from '../../api/types';
import { showMoment } from '../../components/format/times';
import { Table } from '../../components/table/Table';
import { useAnswer } from '../../api/useAnswer';
import { IPanelServices } from '../frame/services';
import { Compare } from './Compare';

interface IExecutableVersionsProps {
  services: IPanelServices;
  executable: Executable;
}

/** Return how a version differs from its predecessor. */
export function whatIsNew(
  version: ExecutableVersion,
  before: ExecutableVersion | undefined,
  trans: TranslationBundle
): string {
  if (!before) {
    return '';
  }
  const description = (described: ExecutableVersion) =>
    JSON.stringify([described.kind, described.arguments, described.command, described.resources]);
  const isCode = version.content_digest !== before.content_digest;
  const isTold = description(version) !== description(before);
  // the bundle also contains the code and its description
  const isBeside = !isCode && !isTold && version.bundle_digest !== before.bundle_digest;
  return [
    isCode && trans.__('code'),
    isTold && trans.__('description'),
    isBeside && trans.__('other files of the bundle')
  ]
    .filter(Boolean)
    .join(', ');
}

/** The immutable versions, newest first. */
export function ExecutableVersions(props: IExecutableVersionsProps): JSX.Element {
  const { services, executable } = props;
  const { yard, trans } = services;
  const { id, current } = executable;
  const question = { path: { executable: id } };
  const { answer } = useAnswer(yard.client, 'executables.versions', question, { turn: current });
  const versions = answer?.items ?? [current];
  return (
    <div className="nby-Versions">
      <Table
        heads={[
          trans.__('Version'),
          trans.__('Created'),
          trans.__('Changed'),
          trans.__('File'),
          trans.__('Parameters'),
          trans.__('Code')
        ]}
      >
        {versions.map((version, index) => (
          <tr key={version.id}>
            <th scope="row">{version.number}</th>
            <td>{showMoment(version.created_at)}</td>
            <td>{whatIsNew(version, versions[index + 1], trans)}</td>
            <td>{version.file}</td>
            <td>{version.arguments.map(({ name }) => name).join(', ')}</td>
            <td className="nby-Code nby-Digest" title={version.code_digest}>
              {version.code_digest.replace(/^sha256:/, '').slice(0, 12)}
            </td>
          </tr>
        ))}
      </Table>
      {versions.length > 1 && (
        <Compare key={current.id} services={services} executable={id} versions={versions} />
      )}
    </div>
  );
}
