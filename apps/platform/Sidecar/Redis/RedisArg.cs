using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace ConcertDapr.Sidecar.Redis;

/// <summary>One argument of a command: text, bytes or a number. Copied when the command is sent.</summary>
internal readonly struct RedisArg
{
    private readonly string? text;
    private readonly ReadOnlyMemory<byte> bytes;

    private RedisArg(string? text, ReadOnlyMemory<byte> bytes)
    {
        this.text = text;
        this.bytes = bytes;
    }

    public static implicit operator RedisArg(string text) => new(text, default);

    public static implicit operator RedisArg(byte[] bytes) => new(null, bytes);

    public static implicit operator RedisArg(ReadOnlyMemory<byte> bytes) => new(null, bytes);

    public static implicit operator RedisArg(long number) => new(number.ToString(System.Globalization.CultureInfo.InvariantCulture), default);

    /// <summary>Appends a command in the array form of RESP2.</summary>
    public static void WriteCommand(ArrayBufferWriter<byte> output, ReadOnlySpan<RedisArg> arguments)
    {
        WriteHeader(output, (byte)'*', arguments.Length);
        foreach (ref readonly var argument in arguments) argument.Write(output);
    }

    private void Write(ArrayBufferWriter<byte> output)
    {
        if (text is null)
        {
            WriteHeader(output, (byte)'$', bytes.Length);
            output.Write(bytes.Span);
        }
        else
        {
            WriteHeader(output, (byte)'$', Encoding.UTF8.GetByteCount(text));
            Encoding.UTF8.GetBytes(text, output);
        }
        output.Write("\r\n"u8);
    }

    private static void WriteHeader(ArrayBufferWriter<byte> output, byte type, int number)
    {
        var span = output.GetSpan(16);
        span[0] = type;
        Utf8Formatter.TryFormat(number, span[1..], out var digits);
        span[digits + 1] = (byte)'\r';
        span[digits + 2] = (byte)'\n';
        output.Advance(digits + 3);
    }
}
