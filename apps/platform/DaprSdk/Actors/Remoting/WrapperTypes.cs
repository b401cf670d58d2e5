using System.Linq.Expressions;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Serialization;

namespace Dapr.Actors.Remoting;

/// <summary>A class whose fields carry arguments or a result, with compiled ways to fill and read it.</summary>
internal sealed class Wrapper
{
    public Wrapper(Type type, IReadOnlyList<string> fields)
    {
        Type = type;
        var values = Expression.Parameter(typeof(object?[]));
        Pack = Expression.Lambda<Func<object?[], object>>(
            Expression.MemberInit(Expression.New(type), fields.Select((name, i) => Expression.Bind(
                type.GetField(name)!,
                Expression.Convert(Expression.ArrayIndex(values, Expression.Constant(i)), type.GetField(name)!.FieldType)))),
            values).Compile();
        var wrapper = Expression.Parameter(typeof(object));
        Unpack = Expression.Lambda<Func<object, object?[]>>(
            Expression.NewArrayInit(typeof(object), fields.Select(name => Expression.Convert(
                Expression.Field(Expression.Convert(wrapper, type), name), typeof(object)))),
            wrapper).Compile();
    }

    public Type Type { get; }

    public Func<object?[], object> Pack { get; }

    public Func<object, object?[]> Unpack { get; }
}

/// <summary>
/// Makes the classes arguments and results travel in: <c>{Method}ReqBody</c> with a field per argument, and
/// <c>{Method}RespBody</c> with the field <c>retVal</c>. Their names are part of the wire.
/// </summary>
internal static class WrapperTypes
{
    private const string ResultField = "retVal";

    private static readonly ModuleBuilder Module = AssemblyBuilder
        .DefineDynamicAssembly(new AssemblyName("Dapr.Actors.Wrappers"), AssemblyBuilderAccess.Run)
        .DefineDynamicModule("Dapr.Actors.Wrappers");

    private static readonly Lock Gate = new();
    private static int s_count;

    public static Wrapper? OfArguments(MethodInfo method, IReadOnlyList<ParameterInfo> arguments) => arguments.Count == 0
        ? null
        : Create($"{method.Name}ReqBody", [.. arguments.Select(a => (a.Name!, a.ParameterType))]);

    public static Wrapper? OfResult(MethodInfo method) => method.ReturnType.IsGenericType
        ? Create($"{method.Name}RespBody", [(ResultField, method.ReturnType.GenericTypeArguments[0])])
        : null;

    private static Wrapper Create(string name, (string Name, Type Type)[] fields)
    {
        lock (Gate)
        {
            // Each class has a namespace of its own: two interfaces may have methods of the same name.
            var type = Module.DefineType($"W{s_count++}.{name}", TypeAttributes.Public | TypeAttributes.Class);
            type.SetCustomAttribute(Attribute<DataContractAttribute>(nameof(DataContractAttribute.Namespace), "urn:actors"));
            foreach (var field in fields)
                type.DefineField(field.Name, field.Type, FieldAttributes.Public)
                    .SetCustomAttribute(Attribute<DataMemberAttribute>(nameof(DataMemberAttribute.IsRequired), false));
            return new Wrapper(type.CreateType(), [.. fields.Select(f => f.Name)]);
        }
    }

    private static CustomAttributeBuilder Attribute<T>(string property, object value) => new(
        typeof(T).GetConstructor(Type.EmptyTypes)!, [], [typeof(T).GetProperty(property)!], [value]);
}
