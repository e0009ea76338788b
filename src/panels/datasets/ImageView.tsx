import { useEffect, useState } from 'react';
import { addressOf } from '../../api/addresses';
import { DatasetVersion } from '../../api/types';
import { Waiting } from '../../components/text/messages';
import { IPanelServices } from '../frame/services';

/** Pixel formats only: formats that may contain markup or scripts are never shown. */
const TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  bmp: 'image/bmp'
};
const LARGEST = 32 << 20;

/** Return the media type for a file name; undefined if it is not an image. */
export function imageType(filename: string): string | undefined {
  return TYPES[filename.split('.').pop()?.toLowerCase() ?? ''];
}

interface IImageViewProps {
  services: IPanelServices;
  version: DatasetVersion;
}

/** An image drawn from its bytes, because a page cannot show a download address. */
export function ImageView({ services, version }: IImageViewProps): JSX.Element {
  const { trans } = services;
  const { url, problem } = useBytes(services, version);
  const [size, setSize] = useState('');
  const [isBroken, setBroken] = useState(false);
  if (problem || isBroken) {
    return <Waiting problem={problem ?? trans.__('The file cannot be shown as an image.')} />;
  }
  return (
    <figure className="nby-ImageView">
      {url && (
        <img
          src={url}
          alt={version.filename}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize(trans.__('%1 × %2 pixels', naturalWidth, naturalHeight))
          }
          onError={() => setBroken(true)}
        />
      )}
      <figcaption className="nby-Dim" role="status">
        {size || trans.__('Reading…')}
      </figcaption>
    </figure>
  );
}

function useBytes(
  { yard, trans }: IPanelServices,
  { dataset_id, number, filename, size_bytes }: DatasetVersion
): { url?: string; problem?: string } {
  const [url, setUrl] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const isTooLarge = (size_bytes ?? 0) > LARGEST;
  useEffect(() => {
    if (isTooLarge) {
      return;
    }
    const control = new AbortController();
    let made = '';
    const read = async () => {
      const query = { version: number };
      const place = addressOf(yard.client, 'datasets.content', {
        path: { dataset: dataset_id },
        query
      });
      const answer = await yard.client.request(place, { method: 'GET', signal: control.signal });
      const bytes = await answer.arrayBuffer();
      if (!control.signal.aborted) {
        made = URL.createObjectURL(new Blob([bytes], { type: imageType(filename) }));
        setUrl(made);
      }
    };
    read().catch((error: Error) => !control.signal.aborted && setProblem(error.message));
    return () => {
      control.abort();
      URL.revokeObjectURL(made);
    };
  }, [yard, dataset_id, number, filename, isTooLarge]);
  return {
    url,
    problem: isTooLarge
      ? trans.__('The image is too large to show here. Download it instead.')
      : problem
  };
}
