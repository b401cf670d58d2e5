using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>
/// A caller's body on its way to an app, which may answer, or fail, before it has all of it. When the answer is out, what is
/// still being read gets a moment to come; then the connection ends. The web server cannot read on after a read that was
/// cancelled.
/// </summary>
internal sealed class CallerBody : Stream
{
    /// <summary>As long as the web server itself waits for a body that nobody reads.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpRequest request;
    private readonly Stream body;
    private readonly Lock gate = new();
    private Task pending = Task.CompletedTask;
    private bool ended;

    public CallerBody(HttpRequest request)
    {
        (this.request, body) = (request, request.Body);
        request.HttpContext.Response.OnCompleted(EndAsync);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            if (ended) throw new IOException("the call is over");
            var read = body.ReadAsync(buffer, CancellationToken.None);
            if (read.IsCompletedSuccessfully) return read;
            var task = read.AsTask();
            pending = task;
            return new ValueTask<int>(task);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is written.
    }

    private async Task EndAsync()
    {
        Task last;
        lock (gate) (ended, last) = (true, pending);
        if (last.IsCompletedSuccessfully) return;
        using var patience = new CancellationTokenSource(Patience);
        await last.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (last.IsCompleted && last.Exception?.InnerException is not ConnectionResetException) return;
        request.HttpContext.Abort();
        await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
