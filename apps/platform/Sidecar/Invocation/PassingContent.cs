using System.Net;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>A body passed on as it arrives: what has come is sent before the next piece is waited for.</summary>
internal sealed class PassingContent(Stream body) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        await CopyAsync(body, stream, cancellationToken);

    /// <summary>Copies piece by piece, and flushes whenever the next one has not come yet: one that is whole goes out in one write.</summary>
    public static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            while (true)
            {
                var reading = from.ReadAsync(buffer, cancellationToken);
                if (!reading.IsCompleted) await to.FlushAsync(cancellationToken);
                var read = await reading;
                if (read == 0) return;
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
