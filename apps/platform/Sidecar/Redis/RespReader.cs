using System.Buffers.Text;
using System.Text;

namespace ConcertDapr.Sidecar.Redis;

/// <summary>Reads RESP2 replies from a stream through one buffer; a reply that is already buffered costs no await.</summary>
internal sealed class RespReader(Stream stream)
{
    private const int MaxLine = 64 * 1024;
    private const int MaxBulk = 512 * 1024 * 1024;
    private const int MaxItems = 4 * 1024 * 1024;
    private const int MaxDepth = 16;

    // Room for more than this is made when as much has come: a length alone costs no memory.
    private const long MaxTrusted = 64 * 1024;
    private const long MaxTrustedItems = 1024;

    private byte[] buffer = new byte[16 * 1024];
    private int start;
    private int end;

    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    /// <exception cref="RedisProtocolException">The bytes are not RESP2.</exception>
    public ValueTask<RespReply> ReadAsync(CancellationToken cancellationToken) => ReadAsync(0, cancellationToken);

    private async ValueTask<RespReply> ReadAsync(int depth, CancellationToken cancellationToken)
    {
        if (depth > MaxDepth) throw new RedisProtocolException("a Redis reply is nested too deeply");
        var length = await ReadLineAsync(cancellationToken);
        var line = buffer.AsSpan(start, length);
        if (length == 0) throw new RedisProtocolException("a Redis reply begins with an empty line");
        var type = line[0];
        switch (type)
        {
            case (byte)'+':
                return Consume(length, RespReply.Status(Encoding.UTF8.GetString(line[1..])));
            case (byte)'-':
                return Consume(length, RespReply.Error(Encoding.UTF8.GetString(line[1..])));
            case (byte)':':
                return Consume(length, RespReply.Number(ParseNumber(line[1..])));
            case (byte)'$':
                var bytes = Consume(length, ParseNumber(line[1..]));
                return await ReadBulkAsync(bytes, cancellationToken);
            case (byte)'*':
                var items = Consume(length, ParseNumber(line[1..]));
                return await ReadArrayAsync(items, depth, cancellationToken);
            default:
                throw new RedisProtocolException($"a Redis reply begins with byte 0x{type:x2}, which RESP2 does not know");
        }
    }

    private async ValueTask<RespReply> ReadBulkAsync(long length, CancellationToken cancellationToken)
    {
        if (length == -1) return RespReply.Null;
        if (length is < 0 or > MaxBulk) throw new RedisProtocolException($"a Redis string claims {length} bytes");
        var bytes = new byte[Math.Min(length, MaxTrusted)];
        var read = Math.Min(bytes.Length, end - start);
        buffer.AsSpan(start, read).CopyTo(bytes);
        start += read;
        while (read < length)
        {
            if (read == bytes.Length) Array.Resize(ref bytes, (int)Math.Min(length, 2L * read));
            await stream.ReadExactlyAsync(bytes.AsMemory(read), cancellationToken);
            read = bytes.Length;
        }
        await ExpectLineEndAsync(cancellationToken);
        return RespReply.Bulk(bytes);
    }

    private async ValueTask<RespReply> ReadArrayAsync(long count, int depth, CancellationToken cancellationToken)
    {
        if (count == -1) return RespReply.Null;
        if (count is < 0 or > MaxItems) throw new RedisProtocolException($"a Redis array claims {count} items");
        var items = new List<RespReply>((int)Math.Min(count, MaxTrustedItems));
        for (var i = 0; i < count; i++) items.Add(await ReadAsync(depth + 1, cancellationToken));
        return RespReply.Array([.. items]);
    }

    /// <summary>Makes one whole line available at <c>start</c>; returns its length without CR LF.</summary>
    private async ValueTask<int> ReadLineAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var at = buffer.AsSpan(start + searched, end - start - searched).IndexOf("\r\n"u8);
            if (at >= 0) return searched + at;
            searched = Math.Max(0, end - start - 1);
            if (searched > MaxLine) throw new RedisProtocolException("a Redis reply line does not end");
            await FillAsync(cancellationToken);
        }
    }

    private async ValueTask ExpectLineEndAsync(CancellationToken cancellationToken)
    {
        while (end - start < 2) await FillAsync(cancellationToken);
        if (buffer[start] != '\r' || buffer[start + 1] != '\n')
            throw new RedisProtocolException("a Redis string is longer than it claims");
        start += 2;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (start == end) start = end = 0;
        if (start > 0 && end == buffer.Length)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
        var read = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
        if (read == 0) throw new EndOfStreamException("the Redis server closed the connection");
        end += read;
    }

    private T Consume<T>(int lineLength, T result)
    {
        start += lineLength + 2;
        return result;
    }

    private static long ParseNumber(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length
            ? number
            : throw new RedisProtocolException($"'{Encoding.UTF8.GetString(digits)}' is no number of a Redis reply");
}
