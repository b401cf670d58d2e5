using System.Buffers.Binary;
using System.Text;

namespace ConcertDapr.Soak;

/// <summary>Bytes that are not HTTP/2, or calls that are reset at once. The sidecar has to close the connection in the end.</summary>
internal sealed class GrpcWireAttack(int port) : IAttack
{
    private const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, EndHeaders = 4;

    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    private static readonly byte[] Call = Block(":method", "POST", ":scheme", "http", ":path", "/dapr.proto.runtime.v1.Dapr/GetState",
        ":authority", "x", "content-type", "application/grpc", "te", "trailers");
    private static readonly byte[] Work = Block(":method", "POST", ":scheme", "http", ":path", "/TaskHubSidecarService/GetWorkItems",
        ":authority", "x", "content-type", "application/grpc", "te", "trailers");

    public async Task SendAsync(Random random)
    {
        var what = random.Next(9);
        byte[] begun = [.. Preface, .. Frame(Settings, 0, 0, [])];
        byte[] bytes = what switch
        {
            0 => Bytes(random, random.Next(1, 200)),
            1 => Preface[..random.Next(1, Preface.Length)],
            2 => [.. begun, .. Bytes(random, random.Next(1, 200))],
            3 => [.. begun, .. Frame((byte)random.Next(256), (byte)random.Next(256), random.Next(8), Bytes(random, random.Next(100)))],
            4 => [.. begun, .. Frame(Headers, EndHeaders, 1, Bytes(random, 50))],
            5 => [.. begun, .. Frame(Data, 0, 1, Bytes(random, 50))],
            6 => [.. begun, .. Enumerable.Range(0, 20).SelectMany(n => Frame(Headers, EndHeaders, 1 + 2 * n, Call).Concat(Frame(Reset, 0, 1 + 2 * n, [0, 0, 0, 8])))],
            7 => [.. begun, .. Frame(Headers, EndHeaders, 1, Call), .. Frame(Data, 0, 1, [0, 0, 0, 0, 50, 10, 3])],
            _ => [.. begun, .. Frame(Headers, EndHeaders, 1, Work), .. Frame(Data, 1, 1, [0, 0, 0, 0, 0])],
        };
        using var connection = await RawConnection.OpenAsync(port);
        await connection.SendAsync(bytes);
        if (random.Next(3) == 0) return;
        connection.EndSending();
        try
        {
            await connection.ReadAsync();
        }
        catch (TimeoutException e)
        {
            throw new WrongAnswerException($"HTTP/2 bytes of kind {what}: {e.Message}");
        }
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        (frame[0], frame[1], frame[2]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>A header block of literals, none of them indexed.</summary>
    private static byte[] Block(params string[] namesAndValues) =>
        [.. namesAndValues.Chunk(2).SelectMany(pair => new byte[] { 0 }.Concat(Literal(pair[0])).Concat(Literal(pair[1])))];

    private static IEnumerable<byte> Literal(string text) => Encoding.ASCII.GetBytes(text).Prepend((byte)text.Length);

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
