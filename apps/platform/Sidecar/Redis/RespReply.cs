using System.Globalization;
using System.Text;

namespace ConcertDapr.Sidecar.Redis;

internal enum RespKind : byte { Null, Status, Error, Integer, Bulk, Array }

/// <summary>One RESP2 reply.</summary>
internal readonly struct RespReply
{
    private readonly object? value;
    private readonly long integer;

    private RespReply(RespKind kind, object? value, long integer)
    {
        Kind = kind;
        this.value = value;
        this.integer = integer;
    }

    public RespKind Kind { get; }

    public bool IsNull => Kind == RespKind.Null;

    public bool IsError => Kind == RespKind.Error;

    /// <summary>The bytes of a bulk string.</summary>
    public byte[] Bytes => value as byte[] ?? throw Unexpected("a bulk string");

    public RespReply[] Items => value as RespReply[] ?? throw Unexpected("an array");

    /// <summary>One item of an array.</summary>
    public RespReply Item(int index) => Items is var items && index < items.Length
        ? items[index]
        : throw new RedisProtocolException($"Redis answered with {items.Length} items where more were expected");

    public long Integer => Kind == RespKind.Integer ? integer : throw Unexpected("an integer");

    /// <summary>Status, error or bulk string as text.</summary>
    public string Text => value switch
    {
        string text => text,
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        _ => Kind == RespKind.Integer ? integer.ToString(CultureInfo.InvariantCulture) : throw Unexpected("text"),
    };

    public static RespReply Null => default;

    public static RespReply Status(string text) => new(RespKind.Status, text, 0);

    public static RespReply Error(string text) => new(RespKind.Error, text, 0);

    public static RespReply Number(long number) => new(RespKind.Integer, null, number);

    public static RespReply Bulk(byte[] bytes) => new(RespKind.Bulk, bytes, 0);

    public static RespReply Array(RespReply[] items) => new(RespKind.Array, items, 0);

    /// <summary>This reply, unless it is an error.</summary>
    /// <exception cref="RedisServerException">The reply is an error.</exception>
    public RespReply Checked() => IsError ? throw new RedisServerException((string)value!) : this;

    private RedisProtocolException Unexpected(string wanted) => new($"Redis answered with {Kind} where {wanted} was expected");
}
