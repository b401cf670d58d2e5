using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ConcertDapr.Sidecar;

/// <summary>
/// Writes the header names of answers as daprd does, each word with a capital. Kestrel writes those it knows its own way,
/// <c>traceparent</c> among them, so the head is changed in place on its way to the socket.
/// </summary>
internal sealed class HeadWriter(PipeWriter inner) : PipeWriter
{
    private Memory<byte> memory;
    private bool expected;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    /// <summary>Puts a writer under every connection of an endpoint.</summary>
    public static void Use(ListenOptions listen) => listen.Use(next => connection =>
    {
        var writer = new HeadWriter(connection.Transport.Output);
        connection.Features.Set(writer);
        connection.Transport = new Duplex(connection.Transport.Input, writer);
        return next(connection);
    });

    /// <summary>The next head that is written belongs to this request. Bodies are never touched.</summary>
    public static void Expect(HttpContext context)
    {
        if (context.Features.Get<HeadWriter>() is { } writer) writer.expected = true;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => memory = inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (expected) CapitaliseHead(memory.Span[..bytes]);
        inner.Advance(bytes);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(source, cancellationToken);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private void CapitaliseHead(Span<byte> text)
    {
        if (!text.StartsWith("HTTP/1.1 "u8) || text.StartsWith("HTTP/1.1 100 "u8)) return;
        expected = false;
        while (text.IndexOf((byte)'\n') is var end and >= 0)
        {
            text = text[(end + 1)..];
            if (text.IsEmpty || text[0] == '\r') return;
            CapitaliseName(text);
        }
    }

    private static void CapitaliseName(Span<byte> line)
    {
        var begins = true;
        foreach (ref var letter in line)
        {
            if (letter == ':') return;
            if (begins && char.IsAsciiLetterLower((char)letter)) letter &= 0xDF;
            else if (!begins && char.IsAsciiLetterUpper((char)letter)) letter |= 0x20;
            begins = letter == '-';
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
